package replay

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/table"
)

// The filter believes it: after twenty wrong tokens the next request is refused,
// until the time that the caller lets pass is over.
func TestFilterRunsOnIt(t *testing.T) {
	c, err := config.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := NewHost()
	f := filter.New(c, h, table.Seed{1})
	request := func() *proxy.Reply {
		h.Next()
		h.Address = "192.0.2.1:1234"
		h.Request = append(h.Request, proxy.Header{Name: ":method", Value: "GET"},
			proxy.Header{Name: ":path", Value: "/api/v1/items"}, proxy.Header{Name: "authorization", Value: "Bearer guess"})
		s := f.NewStream()
		if s.RequestHeaders(true) == proxy.Continue {
			h.Response = append(h.Response, proxy.Header{Name: ":status", Value: "401"})
			s.ResponseHeaders(true)
		}
		s.Done()
		return h.Replied
	}
	for range 20 {
		if reply := request(); reply != nil {
			t.Fatalf("refused with %d before the limit", reply.Status)
		}
	}
	if reply := request(); reply == nil || reply.Status != 429 || h.Reason != "locked_out" {
		t.Fatalf("not refused after the limit: %+v, reason %q", reply, h.Reason)
	}
	f.Flush()
	if n := h.Metric("gatewarden_lockouts_total.surface.rest"); n != 1 {
		t.Errorf("%d lockouts in the metric", n)
	}
	h.Clock += 60_000
	if reply := request(); reply != nil {
		t.Errorf("refused with %d after the lockout", reply.Status)
	}
}

// What the filter is reading stays as it is while a header is removed.
func TestRemovalLeavesWhatIsRead(t *testing.T) {
	h := NewHost()
	h.Request = []proxy.Header{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	read := h.RequestHeaders()
	h.RemoveRequestHeader("a")
	if read[0].Name != "a" || read[2].Name != "c" || len(h.RequestHeaders()) != 2 {
		t.Errorf("read %v, left %v", read, h.RequestHeaders())
	}
}
