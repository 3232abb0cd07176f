package budget

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/internal/text"
	"github.com/gatewarden/gatewarden/table"
)

const configuration = `{"mcp": {"other_tools": {"scopes": [], "cost": 1}},
	"quota_service": {"endpoint": {"cluster": "quota", "url": "https://quota.example.com/v1", "token": "s3cret"}, "lifetime": "1m"%s}}`

// ann pays in most tests.
var ann = caller.Identity{Verified: true, Subject: "ann", Tenant: "acme", Tier: "pro"}

// worker is a worker with its proxy.
type worker struct {
	*Room
	t       testing.TB
	host    *fakehost.Host
	metrics *report.Metrics
	// delivered is how many of the host's calls were answered.
	delivered int
}

// newWorker returns a worker with more members in the configuration of its service. It has
// the shared data of another one, if that is not nil.
func newWorker(t testing.TB, more string, other *fakehost.Host) *worker {
	t.Helper()
	host := fakehost.New()
	if host.Data = map[string]fakehost.Datum{}; other != nil {
		host.Data, host.Time = other.Data, other.Time
	}
	c := fakehost.ParseConfig(t, fmt.Sprintf(configuration, more))
	c.Log.PerSecond = 1000
	m := report.NewMetrics(host)
	hash := table.New(host, fakehost.Seed, 1024)
	return &worker{New(c, host, host, hash, report.NewLog(&c.Log, host, hash, m), m), t, host, m, 0}
}

// mcp is the place of the surface that has a budget.
const mcp = 2

// request is a request, and how often it was told of an answer.
type request struct {
	State
	told int
}

// ask begins a request that costs so many credits.
func (w *worker) ask(credits uint32) *request {
	q := &request{}
	q.Begin(w.Rule(mcp))
	q.Price(credits)
	q.Ask(func() { q.told++ }, &ann, func(b *text.Buffer) {
		b.Add(`[{"tool":"paint","credits":` + strconv.FormatUint(uint64(credits), 10) + `}]`)
	})
	return q
}

// next returns the next call that was not answered yet, and its number.
func (w *worker) next() (number uint32, c *proxy.Call) {
	w.t.Helper()
	if w.delivered == len(w.host.Sent) {
		w.t.Fatal("no call is under way")
	}
	w.delivered++
	return uint32(w.delivered), w.host.Sent[w.delivered-1]
}

// answer answers the next call.
func (w *worker) answer(status, body string) *proxy.Call {
	w.t.Helper()
	number, c := w.next()
	w.deliver(number, status, body)
	return c
}

func (w *worker) deliver(number uint32, status, body string) {
	w.host.CallStatus, w.host.CallBody = status, body
	w.Answered(number, len(body))
}

// underway is how many calls were not answered yet.
func (w *worker) underway() int { return len(w.host.Sent) - w.delivered }

// wait lets seconds pass, with a tick after each.
func (w *worker) wait(seconds int) {
	for range seconds {
		w.host.Time += 1000
		w.Tick()
	}
}

// books returns what became of the credits.
func (w *worker) books() string {
	w.t.Helper()
	w.metrics.Flush()
	var b []string
	for _, outcome := range []string{"reserved", "committed", "refunded", "expired"} {
		b = append(b, strconv.FormatUint(w.host.Value(w.t, "gatewarden_credits_total.rule.credits.outcome."+outcome), 10))
	}
	return strings.Join(b, " ")
}

// calls returns how many calls of an operation had an outcome.
func (w *worker) count(operation, outcome string) uint64 {
	w.t.Helper()
	w.metrics.Flush()
	return w.host.Value(w.t, "gatewarden_quota_service_calls_total.operation."+operation+".outcome."+outcome)
}

// line writes a call down: what it asks for, and its body.
func line(c *proxy.Call) string {
	path := fakehost.First(c.Headers, ":path")
	parts := strings.Split(path, "/")
	if len(parts) > 3 {
		parts[3] = "KEY"
	}
	return fakehost.First(c.Headers, ":method") + " " + strings.Join(parts, "/") + " " + string(c.Body)
}

// service is a quota service in memory, as docs/quota-service.yaml describes it.
type service struct {
	t     testing.TB
	now   int64
	limit uint64
	kept  map[string]*kept
}

// kept is what the service knows of a key.
type kept struct {
	state   string
	credits uint32
	spent   uint32
	until   int64
}

func newService(t testing.TB, limit uint64) *service {
	return &service{t: t, limit: limit, kept: map[string]*kept{}}
}

// used is what is reserved and spent.
func (s *service) used() (n uint64) {
	for _, k := range s.kept {
		switch s.expire(k); k.state {
		case "reserved":
			n += uint64(k.credits)
		case "committed":
			n += uint64(k.spent)
		}
	}
	return n
}

func (s *service) expire(k *kept) {
	if k.state == "reserved" && s.now >= k.until {
		k.state = "expired"
	}
}

// do does what a call asks for.
func (s *service) do(c *proxy.Call) (status, body string) {
	var said struct {
		Credits  uint32
		Lifetime int64 `json:"lifetime_seconds"`
	}
	if err := json.Unmarshal(c.Body, &said); err != nil {
		s.t.Errorf("%s: %v", c.Body, err)
	}
	parts := strings.Split(strings.TrimPrefix(fakehost.First(c.Headers, ":path"), "/v1/reservations/"), "/")
	k := s.kept[parts[0]]
	if k != nil {
		s.expire(k)
	}
	if len(parts) == 1 {
		return s.reserve(parts[0], k, said.Credits, said.Lifetime)
	}
	return s.settle(parts[0], parts[1], k, said.Credits)
}

func (s *service) reserve(key string, k *kept, credits uint32, lifetime int64) (status, body string) {
	switch {
	case k != nil && k.state == "reserved" && k.credits == credits:
	case k != nil:
		return "409", `{"state":"` + k.state + `"}`
	case s.used()+uint64(credits) > s.limit:
		return "402", fmt.Sprintf(`{"left":%d,"limit":%d}`, s.limit-s.used(), s.limit)
	default:
		s.kept[key] = &kept{state: "reserved", credits: credits, until: s.now + 1000*lifetime}
	}
	return "200", "{}"
}

func (s *service) settle(key, how string, k *kept, credits uint32) (status, body string) {
	switch {
	case k == nil && how == "refund":
		s.kept[key] = &kept{state: "refunded"}
	case k == nil:
		return "404", `{}`
	case how == "commit" && (k.state == "reserved" || k.state == "committed" && k.spent == credits):
		k.state, k.spent = "committed", credits
	case how == "refund" && k.state != "committed":
		if k.state == "reserved" {
			k.state = "refunded"
		}
	default:
		return "409", `{"state":"` + k.state + `"}`
	}
	return "200", `{"state":"` + s.kept[key].state + `"}`
}
