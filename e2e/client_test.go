package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func forwarded(list string) []string { return []string{"X-Forwarded-For", list} }

// With envoy.yaml as it is, the client is the peer, whatever it claims to be.
func TestForgedAddressBuysNothing(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	for i := range 3 {
		forged := forwarded(fmt.Sprintf("198.51.100.%d", i))
		require.Equal(t, 401, c.get(t, "/api/v1/items", wrong, forged).status)
	}
	assert.Equal(t, 429, c.get(t, "/api/v1/items", valid, forwarded("198.51.100.99")).status)
	other := s.newCaller(t, client.HTTP1)
	assert.Equal(t, 200, other.get(t, "/api/v1/items", valid, forwarded("198.51.100.1")).status,
		"nobody is locked out by naming him")
}

func TestHeadersThatServicesReadDifferentlyAreRefused(t *testing.T) {
	s := standard(t, plain)
	reached := s.service.Seen()["rest"]
	c := s.newCaller(t, client.HTTP1)
	assert.Equal(t, 400, c.get(t, "/api/v1/items", []string{"X_Api_Key", "a-guess"}).status)
	assert.Equal(t, reached, s.service.Seen()["rest"])
}

func trustOneHop(b *envoy.Bootstrap) error {
	b.HCM["xff_num_trusted_hops"] = 1
	return nil
}

// Behind one trusted proxy the client is the last entry of X-Forwarded-For.
func TestClientsBehindATrustedProxy(t *testing.T) {
	s := standard(t, behindProxy)
	c := s.newCaller(t, client.HTTP1)
	for _, row := range []struct {
		name     string
		failures []string // who fails, in turn
		locked   string
		free     string
	}{
		{"an IPv4 address", []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, "192.0.2.1", "192.0.2.2"},
		{"what the client put in front does not matter",
			[]string{"10.0.0.1, 192.0.2.3", "10.0.0.2, 192.0.2.3", "10.0.0.3, 192.0.2.3"}, "192.0.2.3", "10.0.0.1"},
		{"an IPv6 network is one client",
			[]string{"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3"}, "2001:db8:0:1::4", "2001:db8:0:2::1"},
		{"IPv4 written as IPv6", []string{"::ffff:192.0.2.4", "192.0.2.4", "::ffff:192.0.2.4"}, "192.0.2.4", "192.0.2.5"},
		{"the allow-list", []string{"192.0.2.200", "192.0.2.200", "192.0.2.200", "192.0.2.200"}, "", "192.0.2.200"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, from := range row.failures {
				require.Equal(t, 401, c.get(t, "/api/v1/items", wrong, forwarded(from)).status, from)
			}
			if row.locked != "" {
				assert.Equal(t, 429, c.get(t, "/api/v1/items", valid, forwarded(row.locked)).status)
			}
			assert.Equal(t, 200, c.get(t, "/api/v1/items", valid, forwarded(row.free)).status)
		})
	}
}
