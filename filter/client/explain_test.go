package client

import (
	"fmt"
	"strings"
	"testing"
)

// The walk that an explanation shows is the walk that found the client.
func TestExplainsWalks(t *testing.T) {
	for _, row := range []struct{ source, forwarded, want string }{
		{"xff", "9.9.9.9, 203.0.113.7 ,10.1.1.1", "203.0.113.7: 10.1.1.1 true, 203.0.113.7 false"},
		{"xff", "9.9.9.9, junk,10.1.1.1", "10.1.1.1: 10.1.1.1 true, junk false"},
		{"xff", "10.0.0.2,10.1.1.1", "10.0.0.2: 10.1.1.1 true, 10.0.0.2 true"},
		{"xff", "", "192.0.2.1:  false"},
		{"xff-first", "203.0.113.7, junk", "203.0.113.7: junk false"},
		{"envoy", "203.0.113.7", "192.0.2.1: 203.0.113.7 false"},
	} {
		f := newFinder(t, `{"client": {"source": "`+row.source+`", "trusted_proxies": ["10.0.0.0/8"]}}`, "192.0.2.1:4711")
		headers := hdr("x-forwarded-for", row.forwarded)
		v := f.Explain(headers)
		var hops []string
		for _, h := range v.Hops {
			hops = append(hops, fmt.Sprint(strings.TrimSpace(h.Entry), " ", h.Trusted))
			if h.Address != parseAddress(h.Entry) {
				t.Errorf("%s %q: the hop %q has the address %v", row.source, row.forwarded, h.Entry, h.Address)
			}
		}
		if got := fmt.Sprint(v.Address, ": ", strings.Join(hops, ", ")); got != row.want {
			t.Errorf("%s %q: got %s, want %s", row.source, row.forwarded, got, row.want)
		}
		if c := f.Find(headers); v.Address != c.Address || v.Prefix != c.Prefix {
			t.Errorf("%s %q: %v of %v is explained, but the client is %+v", row.source, row.forwarded, v.Address, v.Prefix, c)
		}
		if named := v.Named.IsValid(); v.Peer.String() != "192.0.2.1" || named != (row.source != "envoy" && row.forwarded != "") {
			t.Errorf("%s %q: the peer %v, the named %v", row.source, row.forwarded, v.Peer, v.Named)
		}
	}
}

func TestExplainsTrustedPeers(t *testing.T) {
	const json = `{"client": {"source": "header:x-client", "trusted_proxies": ["10.0.0.0/8"]}}`
	for peer, want := range map[string]bool{"10.1.1.1:1": true, "192.0.2.1:1": false, "": false} {
		v := newFinder(t, json, peer).Explain(hdr("x-client", "203.0.113.7"))
		if v.TrustedPeer != want || v.Named.IsValid() != want {
			t.Errorf("%q is trusted: %v, and its client is %v", peer, v.TrustedPeer, v.Named)
		}
	}
}

func TestExplainsAllowed(t *testing.T) {
	const json = `{"client": {"allow": ["10.0.0.0/8", "192.0.2.0/24", "192.0.2.1"]}}`
	for peer, want := range map[string]int{"192.0.2.1:1": 1, "10.0.0.1:1": 0, "198.51.100.1:1": -1, "": -1} {
		if v := newFinder(t, json, peer).Explain(nil); v.Allowed != want {
			t.Errorf("%q is allowed by %d, want %d", peer, v.Allowed, want)
		}
	}
}
