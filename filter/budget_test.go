package filter

import (
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/journal"
)

// budgetConfig has a budget of 60 credits, where each call costs one or a count.
const budgetConfig = `{"allow_on_headers_stop_iteration": true,
	"mcp": {"other_tools": {"scopes": [], "cost": 1, "arguments": [{"argument": "count", "max_count": 50}]}},
	"quotas": [{"name": "b", "unit": "credits", "per": ["client"], "limit": 60, "window": "1h"}]}`

// pays sends a call whose body is at hand, and returns the stream as the service has it.
func pays(f *Filter, host *fakehost.Host, count string) *Stream {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"count":` + count + `}}}`
	host.Request, host.RequestData = hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json"), []byte(body)
	s := f.NewStream()
	s.RequestHeaders(false)
	s.RequestBody(len(body), true)
	return s
}

// TestBudget goes through the life of calls: what the service has is spent when the stream
// is done, what it never had costs nothing, and what a worker leaves behind that is gone is
// given back.
func TestBudget(t *testing.T) {
	f, host := newFilter(t, budgetConfig)
	credits := func(outcome string) uint64 {
		f.Flush()
		return host.Value(t, "gatewarden_credits_total.rule.b.outcome."+outcome)
	}
	left := func() string {
		s := pays(f, host, "1")
		host.Response = hdr(":status", "200")
		s.ResponseHeaders(true)
		s.Done()
		return fakehost.First(host.Response, "ratelimit")
	}
	s := pays(f, host, "20")
	if got := left(); got != `"b";r=39;t=3600` || credits("committed") != 1 {
		t.Errorf("with a call at the service: %s, %d committed", got, credits("committed"))
	}
	s.Done()
	if got := left(); got != `"b";r=38;t=3600` || credits("committed") != 22 {
		t.Errorf("after it: %s, %d committed", got, credits("committed"))
	}
	pays(f, host, "50").Done()
	if len(host.Replies) != 1 || host.Replies[0].Status != 402 || credits("reserved") != 22 {
		t.Errorf("%d replies, %d reserved", len(host.Replies), credits("reserved"))
	}
	pays(f, host, "30") // and its worker is gone
	fresh := newWorker(f, host)
	for range journal.Patience + 1 {
		fresh.Tick()
	}
	if f = fresh; credits("expired") != 30 {
		t.Errorf("%d given back", credits("expired"))
	}
	if got := left(); got != `"b";r=37;t=3600` {
		t.Errorf("at last: %s", got)
	}
}
