package lockout

import (
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

// A locked-out client is refused with and without a credential, and is free again when
// Retry-After said so.
func TestLockedOut(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m"`))
	w.exchange(ann, "x", 401)
	for _, row := range []struct {
		after   int64 // milliseconds since the failure
		seconds int64 // 0 if it is not refused
	}{
		{0, 60}, {500, 60}, {1000, 59}, {59_000, 1}, {59_999, 1}, {60_000, 0},
	} {
		w.host.Time = 1_000_000 + row.after
		for _, who := range []string{"x", "y", ""} {
			why, refused := w.begin(ann, who).Check()
			if refused != (row.seconds > 0) || why.Seconds != row.seconds {
				t.Errorf("%q after %d ms: refused %v, %+v", who, row.after, refused, why)
			}
			if refused && (why.Reason != refusal.LockedOut || why.Now != w.host.Time) {
				t.Errorf("%q after %d ms: %+v", who, row.after, why)
			}
		}
		if why := w.request(w.begin(other, "x")); why != "" {
			t.Errorf("another client after %d ms: %s", row.after, why)
		}
	}
}

// A request that is checked again, because its body was awaited, passes once the
// lockout is over.
func TestCheckAgain(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m"`))
	w.exchange(ann, "x", 401)
	s := w.begin(ann, "x")
	if _, refused := s.Check(); !refused {
		t.Fatal("not locked out")
	}
	w.host.Time += 60_000
	if _, refused := s.Check(); refused {
		t.Error("still locked out")
	}
	if f := w.respond(s, 401); !f.Locks {
		t.Error("its failure does not count")
	}
}

// All clients without an address are one.
func TestUnknownClientsShare(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1`))
	w.exchange("", "x", 401)
	if why := w.request(w.begin("", "")); why != refusal.LockedOut {
		t.Error("a client without an address has no limit")
	}
	if why := w.request(w.begin(ann, "")); why != "" {
		t.Errorf("a client with an address: %s", why)
	}
}

// Each surface counts by itself.
func TestSurfacesAreApart(t *testing.T) {
	w := newWorker(t, `{"surfaces": [
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1}},
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 1}}]}`)
	w.exchange(ann, "x", 401)
	for surface, want := range []refusal.Reason{refusal.LockedOut, ""} {
		if got := w.request(w.beginOn(surface, ann, "")); got != want {
			t.Errorf("surface %d: %q, want %q", surface, got, want)
		}
	}
}

// Many clients of one network share a second limit. A client is locked out for as long
// as the longer of the two lockouts.
func TestNetworks(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 2, "window": "1m", "wide": {"failures": 3}`))
	const neighbour, stranger = "192.0.2.200", "192.0.3.1"
	seconds := func(address string) int64 {
		why, _ := w.begin(address, "").Check()
		return why.Seconds
	}
	w.exchange(ann, "x", 401)
	w.host.Time += 10_000
	w.exchange(other, "x", 401)
	w.exchange(other, "x", 401) // locks the client from here on, the network from ann's failure on
	for address, want := range map[string]int64{ann: 50, other: 60, neighbour: 50, stranger: 0} {
		if got := seconds(address); got != want {
			t.Errorf("%s waits %d s, want %d", address, got, want)
		}
	}
	w.host.Time += 50_000
	for address, want := range map[string]int64{ann: 0, other: 10, neighbour: 0} {
		if got := seconds(address); got != want {
			t.Errorf("%s waits %d s after a minute, want %d", address, got, want)
		}
	}
	ipv6 := newWorker(t, oneSurface(`"failures": 9, "wide": {"failures": 2}`))
	ipv6.exchange("2001:db8:1:1::1", "x", 401)
	ipv6.exchange("2001:db8:1:2::1", "x", 401)
	for address, want := range map[string]refusal.Reason{"2001:db8:1:3::1": refusal.LockedOut, "2001:db8:2:1::1": ""} {
		if got := ipv6.request(ipv6.begin(address, "")); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// The names of the counters are those of earlier versions: state survives an update.
func TestKeysStay(t *testing.T) {
	w := newWorker(t, oneSurface(`"pending": 1, "reset_on_success": true, "wide": {"failures": 9}`))
	s := w.begin(ann, "user:password")
	if _, refused := s.Admit(&caller.Guess{}); refused {
		t.Fatal("not admitted")
	}
	const client, network = "\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01", "\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x00"
	for _, row := range []struct {
		parts []string
		got   table.Key
	}{
		{[]string{"lockout", "a", client}, s.counter},
		{[]string{"lockout-wide", "a", network}, s.wide},
		{[]string{"lockout-credential", "a", client, "user"}, s.own},
		{[]string{"known-good", "a", client, "user:password"}, s.standing.key},
		{[]string{"pending", "a", client, "\x21\x00\x00\x00\x00\x00\x00\x00"}, s.slot.key}, // period 33
	} {
		var parts [][]byte
		for _, part := range row.parts {
			parts = append(parts, []byte(part))
		}
		if want := w.room.table.Key(parts...); row.got != want {
			t.Errorf("%q: the name is another", row.parts)
		}
	}
}
