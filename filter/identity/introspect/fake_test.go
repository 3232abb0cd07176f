package introspect

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// fakeProxy is the proxy for this package: its clocks are set by hand, it notes the
// calls that it is asked for, and it gives the answers that a test says.
type fakeProxy struct {
	now, wall int64

	noCalls              bool
	sent                 []*proxy.Call
	answerStatus, answer string

	calls  []string // of its methods
	lines  []string // of the log
	values map[proxy.Metric]uint64
	names  []string // of metrics
}

func (p *fakeProxy) note(call string) { p.calls = append(p.calls, call) }

func (p *fakeProxy) Now() int64 { p.note("now"); return p.now }

func (p *fakeProxy) WallNow() int64 { p.note("wall now"); return p.wall }

func (p *fakeProxy) Call(c *proxy.Call) (number uint32, ok bool) {
	p.note("call")
	if p.noCalls {
		return 0, false
	}
	p.sent = append(p.sent, c)
	return uint32(len(p.sent)), true
}

func (p *fakeProxy) AnswerStatus() string { p.note("answer status"); return p.answerStatus }

func (p *fakeProxy) AnswerBody(size int) []byte {
	p.note("answer body")
	return []byte(p.answer[:min(size, len(p.answer))])
}

func (p *fakeProxy) Warn(line string) { p.note("log"); p.lines = append(p.lines, line) }

func (p *fakeProxy) Counter(name string) proxy.Metric {
	p.names = append(p.names, name)
	return proxy.Metric(len(p.names) - 1)
}

func (p *fakeProxy) Gauge(name string) proxy.Metric { return p.Counter(name) }

func (p *fakeProxy) Histogram(name string) proxy.Metric { return p.Counter(name) }

func (p *fakeProxy) Add(m proxy.Metric, n uint64) { p.values[m] += n }

func (p *fakeProxy) Record(proxy.Metric, uint64) {}

// Get and Set keep nothing: look-ups only hash with the table.
func (p *fakeProxy) Get([]byte) ([]byte, uint32, bool) { p.note("get"); return nil, 0, false }

func (p *fakeProxy) Set(_, _ []byte, _ uint32) bool { p.note("set"); return true }

const wallNow = 1_800_000_000_000

// testBed is a worker's look-ups with the server "auth".
type testBed struct {
	*fakeProxy
	lookups *Lookups
	server  *Server
	metrics *report.Metrics
	client  caller.Client
}

// newTestBed makes a server of the fields of an identity source, such as
// `"tier": "plan", `.
func newTestBed(t testing.TB, fields string) *testBed {
	t.Helper()
	p := &fakeProxy{now: 1_000_000, wall: wallNow, values: map[proxy.Metric]uint64{}}
	m := report.NewMetrics(p)
	tab := counter.New(table.New(p, table.Seed{1, 2, 3, 4}, 1), "gatewarden_table", m)
	log := report.NewLog(&config.Log{PerSecond: 10}, p, tab.Table, m)
	b := &testBed{fakeProxy: p, lookups: New(p, tab, &tab.Names, log, m), metrics: m}
	b.server = b.lookups.Server(parseSource(t, fields), 0)
	return b
}

func parseSource(t testing.TB, fields string) *config.Identity {
	t.Helper()
	c, err := config.Parse([]byte(`{"identity": [{"source": "introspection", "tenant": "org", `+fields+`
		"endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "gateway", "client_secret": "s3cret"}}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &c.Identity[0]
}

// testRequest is a request that presents a token.
type testRequest struct {
	Inquiry
	id   caller.Identity
	told int
	then func() // called when it is told
}

func (r *testRequest) Told() {
	r.told++
	if r.then != nil {
		r.then()
	}
}

// begin begins a request with a token, and asks if nothing is known of it.
func (b *testBed) begin(token string) *testRequest {
	r := &testRequest{}
	b.server.Identify(&r.Inquiry, &r.id, token)
	if r.IsOpen() {
		r.Ask(&r.id, r.Told, &b.client)
	}
	return r
}

// say has the server answer the last call.
func (b *testBed) say(status, body string) { b.sayTo(uint32(len(b.sent)), status, body) }

func (b *testBed) sayTo(number uint32, status, body string) {
	b.answerStatus, b.answer = status, body
	b.lookups.Answered(number, len(body))
}

// counted returns what was counted since the last time, by outcome.
func (b *testBed) counted() map[string]uint64 {
	clear(b.values)
	b.metrics.Flush()
	counts := map[string]uint64{}
	for i, name := range b.names {
		if n := b.values[proxy.Metric(i)]; n > 0 {
			counts[name] = n
		}
	}
	return counts
}
