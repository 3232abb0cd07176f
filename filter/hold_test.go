package filter

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const (
	findsOut    = `{"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1, "window": "1m"}}]}`
	findsOutMCP = `{"mcp": {}, "surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1, "window": "1m"}}]}`
)

// hasCome sets how many bytes of the request have come to the proxy.
func hasCome(host *fakehost.Host, bytes uint64) {
	host.Properties["request\x00total_size"] = string(binary.LittleEndian.AppendUint64(nil, bytes))
}

// holdOne sends a request that is held: a refused one, or one whose call is read.
func holdOne(t *testing.T, json string, refused bool) (*Filter, *fakehost.Host, *Stream) {
	t.Helper()
	f, host := newFilter(t, json)
	if refused {
		exchange(f, host, hdr(":method", "GET", ":path", "/mcp", "authorization", "x"), hdr(":status", "401"))
	}
	hasCome(host, 100)
	host.Request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json", "content-length", "40")
	s := f.NewStream()
	s.ID = 7
	if s.RequestHeaders(false) != proxy.Pause || len(host.Replies) != 0 {
		t.Fatal("it is not held")
	}
	return f, host, s
}

// tick lets time pass.
func tick(f *Filter, host *fakehost.Host, milliseconds int64) {
	host.Time += milliseconds
	f.Tick()
}

func TestWhetherHeadersCanBeHeldIsFoundOut(t *testing.T) {
	for _, row := range []struct {
		name      string
		json      string
		refused   bool
		happens   func(f *Filter, host *fakehost.Host, s *Stream)
		want      holding
		period    uint32
		replied   bool
		resumed   bool
		stillHeld int
	}{
		{"nothing comes", findsOut, true, func(f *Filter, host *fakehost.Host, _ *Stream) { tick(f, host, 50); tick(f, host, 900) }, holdingUnknown, probePeriod, false, false, 1},
		{"the body is shown", findsOut, true, func(_ *Filter, _ *fakehost.Host, s *Stream) { s.RequestBody(10, false) }, holdingWorks, TickPeriod, false, false, 1},
		{"trailers are shown", findsOut, true, func(_ *Filter, _ *fakehost.Host, s *Stream) { s.RequestTrailers() }, holdingWorks, TickPeriod, true, false, 0},
		{"it has come and is not shown", findsOut, true, func(f *Filter, host *fakehost.Host, _ *Stream) { hasCome(host, 140); tick(f, host, 50) }, holdingMissing, TickPeriod, true, false, 0},
		{"a call that is not shown", findsOutMCP, false, func(f *Filter, host *fakehost.Host, _ *Stream) { hasCome(host, 140); tick(f, host, 50) }, holdingMissing, TickPeriod, false, true, 0},
		{"a call that does not come", findsOutMCP, false, func(f *Filter, host *fakehost.Host, _ *Stream) { tick(f, host, 60_000) }, holdingUnknown, probePeriod, false, false, 1},
		{"the client leaves", findsOut, true, func(_ *Filter, _ *fakehost.Host, s *Stream) { s.Done() }, holdingUnknown, TickPeriod, false, false, 0},
		{"the proxy does not count", findsOutMCP, false, func(f *Filter, host *fakehost.Host, _ *Stream) {
			delete(host.Properties, "request\x00total_size")
			tick(f, host, 900)
			tick(f, host, 200)
		}, holdingMissing, TickPeriod, false, true, 0},
	} {
		f, host, s := holdOne(t, row.json, row.refused)
		row.happens(f, host, s)
		if f.holding != row.want || host.TickPeriod != row.period || len(f.held) != row.stillHeld {
			t.Errorf("%s: holding %d, a tick every %d ms, %d held", row.name, f.holding, host.TickPeriod, len(f.held))
		}
		if replied, resumed := len(host.Replies) > 0, len(host.Resumed) > 0; replied != row.replied || resumed != row.resumed {
			t.Errorf("%s: replied %v, resumed %v", row.name, replied, resumed)
		}
		if said := strings.Contains(strings.Join(host.Log, "\n"), "allow_on_headers_stop_iteration"); said != (row.want == holdingMissing) {
			t.Errorf("%s: the log has %q", row.name, host.Log)
		}
	}
}

// A client that never sends the body it announced holds nothing open: the refusal comes
// without the id.
func TestARefusalWaitsTwoSecondsForItsID(t *testing.T) {
	for _, piece := range []bool{false, true} {
		f, host, s := holdOne(t, findsOut, true)
		if piece {
			s.RequestBody(10, false)
		}
		tick(f, host, 999)
		if len(host.Replies) != 0 {
			t.Fatalf("piece %v: refused after a second", piece)
		}
		tick(f, host, 1000)
		if len(host.Replies) != 1 || host.Replies[0].Status != 429 || host.Attended != 7 || strings.Contains(string(host.Replies[0].Body), `"id"`) {
			t.Errorf("piece %v: %+v", piece, host.Replies)
		}
		tick(f, host, 1000)
		if s.Done(); len(host.Replies) != 1 || len(f.held) != 0 {
			t.Errorf("piece %v: %d replies, %d held", piece, len(host.Replies), len(f.held))
		}
	}
}

// Once it is found out, nothing is asked any more.
func TestWhatWasFoundOutHolds(t *testing.T) {
	f, host, s := holdOne(t, findsOutMCP, false)
	host.RequestData = []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if s.RequestBody(40, true) != proxy.Continue {
		t.Fatal("the call is not let go")
	}
	s.Done()
	host.Forget()
	s = f.NewStream()
	s.RequestHeaders(false)
	s.RequestBody(40, true)
	for _, call := range host.Calls {
		if strings.Contains(call, "total_size") || call == "tick period" {
			t.Errorf("%q", host.Calls)
		}
	}
}

// Those that are held leave in any order.
func TestHeldRequestsLeaveInAnyOrder(t *testing.T) {
	f, host := newFilter(t, findsOutMCP)
	host.Request = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json")
	var streams []*Stream
	for range 4 {
		s := f.NewStream()
		s.RequestHeaders(false)
		streams = append(streams, s)
	}
	for _, i := range []int{1, 3, 0, 2} {
		streams[i].Done()
		streams[i].Done()
		for place, s := range f.held {
			if s.hold.place != place+1 || s == streams[i] {
				t.Fatalf("after %d: %d at %d", i, s.hold.place, place)
			}
		}
	}
	if len(f.held) != 0 {
		t.Errorf("%d held", len(f.held))
	}
}
