package config

import (
	"strings"
	"testing"
)

// TestWrappedNetworks: an IPv4 network inside IPv6 is the IPv4 network.
func TestWrappedNetworks(t *testing.T) {
	c := mustParse(t, files(t, "testdata/valid/networks_of_wrapped_addresses.json")["networks_of_wrapped_addresses"])
	var got []string
	for _, p := range c.Client.Allow {
		got = append(got, p.String())
	}
	want := "10.0.0.0/8 192.0.2.0/24 198.51.100.7/32 64:ff9b::/64 ::/0 2001:db8::/128"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestEnvironmentOverHeader: the source xff-first, set by the environment, needs
// neither a header nor proxies.
func TestEnvironmentOverHeader(t *testing.T) {
	c, err := Parse([]byte(`{"client": {"source": "header:x-real-ip"}}`), []string{"TRUST_FORWARDED_FOR=true"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Client.Source != SourceXFFFirst || c.Client.Header != "" {
		t.Errorf("got %+v", c.Client)
	}
}

func TestClientWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{`{"client": {"source": "xff-first"}}`, "client.source"},
		{`{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8"]}}`, ""},
		{`{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8", "0.0.0.0/0"]}}`, "client.trusted_proxies"},
		{`{"client": {"source": "header:x-real-ip", "trusted_proxies": ["::/0"]}}`, "client.trusted_proxies"},
		{`{"client": {"trusted_proxies": ["0.0.0.0/0"]}}`, ""},
		{`{"client": {"ipv6_prefix": 64}}`, ""},
		{`{"client": {"ipv6_prefix": 65}}`, "client.ipv6_prefix"},
		{`{"client": {"allow": ["10.0.0.0/8"]}}`, ""},
		{`{"client": {"allow": ["::ffff:0:0/96"]}}`, "client.allow"},
		{`{"client": {"source": "xff-first", "ipv6_prefix": 128, "allow": ["0.0.0.0/0"]}}`, "client.source client.ipv6_prefix client.allow"},
	})
}
