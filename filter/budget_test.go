package filter

import (
	"encoding/json"
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

// answers answers a call with a status and a body, and ends the stream. A status of 0 is no
// answer, and a body that is not JSON is an answer that ends in its middle.
func answers(s *Stream, host *fakehost.Host, status, body string) {
	if status != "" {
		host.Response = hdr(":status", status, "content-type", "application/json")
		s.ResponseHeaders(body == "")
		if host.ResponseData = []byte(body); body != "" {
			s.ResponseBody(len(body), json.Valid([]byte(body)))
		}
	}
	s.Done()
}

// TestBudget: a call is paid for if it has a result, and if nobody can say.
func TestBudget(t *testing.T) {
	for _, row := range []struct {
		name, status, body  string
		committed, refunded uint64
	}{
		{"a result", "200", `{"id":1,"result":{"content":[]}}`, 20, 0},
		{"an error", "200", `{"id":1,"error":{"code":1}}`, 0, 20},
		{"a tool that failed", "200", `{"id":1,"result":{"isError":true}}`, 0, 20},
		{"another status", "500", "", 0, 20},
		{"the proxy answers for the service", "503", "", 0, 20},
		{"no body", "202", "", 20, 0},
		{"no answer", "", "", 0, 20},
		{"the client leaves in the middle", "200", `{"id":1,`, 20, 0},
		{"an answer to something else", "200", `{"id":1}`, 20, 0},
	} {
		f, host := newFilter(t, budgetConfig)
		answers(pays(f, host, "20"), host, row.status, row.body)
		f.Flush()
		const total = "gatewarden_credits_total.rule.b.outcome."
		if reserved, committed, refunded := host.Value(t, total+"reserved"), host.Value(t, total+"committed"), host.Value(t, total+"refunded"); reserved != 20 ||
			committed != row.committed || refunded != row.refunded {
			t.Errorf("%s: %d reserved, %d committed, %d refunded", row.name, reserved, committed, refunded)
		}
		answers(pays(f, host, "1"), host, "200", "")
		want := map[uint64]string{20: `"b";r=39;t=3600`, 0: `"b";r=59;t=3600`}[row.committed]
		if got := fakehost.First(host.Response, "ratelimit"); got != want {
			t.Errorf("%s: after it, %s, want %s", row.name, got, want)
		}
	}
}

// TestBudgetOfWorkers: what another call has reserved is not there, and what a worker leaves
// behind that is gone is given back.
func TestBudgetOfWorkers(t *testing.T) {
	f, host := newFilter(t, budgetConfig)
	credits := func(outcome string) uint64 {
		f.Flush()
		return host.Value(t, "gatewarden_credits_total.rule.b.outcome."+outcome)
	}
	left := func() string {
		answers(pays(f, host, "1"), host, "200", "")
		return fakehost.First(host.Response, "ratelimit")
	}
	s := pays(f, host, "20")
	if got := left(); got != `"b";r=39;t=3600` || credits("committed") != 1 {
		t.Errorf("with a call at the service: %s, %d committed", got, credits("committed"))
	}
	answers(s, host, "200", "")
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
