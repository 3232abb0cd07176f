package identity

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// fakeProxy is the proxy for this room: its clocks are set by hand, its shared data has
// Envoy's compare-and-swap, and it notes every call.
type fakeProxy struct {
	now, wall  int64
	data       map[string]datum
	cas        uint32
	properties map[string]string
	request    []proxy.Header // from which headers are removed

	sent                 []*proxy.Call
	answerStatus, answer string

	calls  []string
	lines  []string // of the log
	names  []string // of metrics
	values map[string]uint64
}

type datum struct {
	value []byte
	cas   uint32
}

var _ Ports = (*fakeProxy)(nil)

func (p *fakeProxy) note(call string) { p.calls = append(p.calls, call) }

func (p *fakeProxy) Now() int64 { p.note("now"); return p.now }

func (p *fakeProxy) WallNow() int64 { p.note("wall now"); return p.wall }

func (p *fakeProxy) Get(key []byte) ([]byte, uint32, bool) {
	p.note("get")
	d, found := p.data[string(key)]
	return d.value, d.cas, found
}

// Set creates a missing key whatever the number, and overwrites blindly for 0.
func (p *fakeProxy) Set(key, value []byte, cas uint32) bool {
	p.note("set")
	d, found := p.data[string(key)]
	if found && cas != 0 && cas != d.cas {
		return false
	}
	p.cas++
	p.data[string(key)] = datum{append([]byte(nil), value...), p.cas}
	return true
}

func (p *fakeProxy) Property(path string) string {
	p.note("property " + strings.ReplaceAll(path, "\x00", "."))
	return p.properties[path]
}

func (p *fakeProxy) RemoveRequestHeader(name string) {
	p.note("remove " + name)
	var kept []proxy.Header
	for _, h := range p.request {
		if h.Name != name {
			kept = append(kept, h)
		}
	}
	p.request = kept
}

func (p *fakeProxy) Call(c *proxy.Call) (number uint32, ok bool) {
	p.note("call")
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

func (p *fakeProxy) Add(m proxy.Metric, n uint64) { p.values[p.names[m]] += n }

func (p *fakeProxy) Record(proxy.Metric, uint64) {}

// house is the room with the proxy around it.
type house struct {
	*Room
	proxy   *fakeProxy
	metrics *report.Metrics
	config  *config.Config
}

// newHouse makes a room. discovery is what the oauth room would give for each surface.
func newHouse(t testing.TB, json, discovery string) *house {
	t.Helper()
	h := &house{proxy: &fakeProxy{
		now: 1_000_000, wall: 1_800_000_000_000,
		data: map[string]datum{}, properties: map[string]string{}, values: map[string]uint64{},
	}}
	h.config = fakehost.ParseConfig(t, json)
	h.metrics = report.NewMetrics(h.proxy)
	tab := counter.New(table.New(h.proxy, table.Seed{1, 2, 3, 4}, 1024), "gatewarden_table", h.metrics)
	log := report.NewLog(&h.config.Log, h.proxy, tab.Table, h.metrics)
	discoveries := make([]string, len(h.config.Surfaces))
	for i := range discoveries {
		discoveries[i] = discovery
	}
	h.Room = New(h.config, h.proxy, tab, &tab.Names, log, h.metrics, discoveries)
	h.proxy.calls = nil
	return h
}

// rule returns the rule of the surface with the given name.
func (h *house) rule(name string) *Rule {
	for i := range h.config.Surfaces {
		if h.config.Surfaces[i].Name == name {
			return h.Rule(i)
		}
	}
	return nil
}

// take returns the calls of the proxy since the last time.
func (h *house) take() string {
	calls := strings.Join(h.proxy.calls, ", ")
	h.proxy.calls = nil
	return calls
}

// counted returns what a metric stands at.
func (h *house) counted(name string) uint64 {
	h.metrics.Flush()
	return h.proxy.values[name]
}

// say has the authorization server answer the last call.
func (h *house) say(status, body string) {
	h.proxy.answerStatus, h.proxy.answer = status, body
	h.Answered(uint32(len(h.proxy.sent)), len(body))
}

// guest is a request on its way through the room: it does what the hall does.
type guest struct {
	State
	house   *house
	headers []proxy.Header
	client  caller.Client
	why     *refusal.Refusal
	passed  bool
}

// enter lets a request with headers enter a surface.
func (h *house) enter(surface string, headers ...string) *guest {
	g := &guest{house: h, headers: fakehost.Headers(headers...)}
	g.Begin(h.rule(surface))
	g.Identify(h.present(g.headers))
	g.decide()
	return g
}

func (g *guest) decide() {
	why, refused := g.Check()
	switch {
	case refused:
		g.why = &why
		g.Refused(&why)
	case !g.Open():
		g.passed = true
	case !g.Ask(g.Told, &g.client):
		g.Told()
	}
}

func (g *guest) Told() {
	if g.HasMore() {
		g.Identify(g.house.present(g.headers))
	}
	g.decide()
}

// outcome is what has become of the request.
func (g *guest) outcome() string {
	switch {
	case g.why != nil && g.passed:
		return "both"
	case g.why != nil:
		return string(g.why.Reason)
	case g.passed:
		return "passed"
	case g.Waits():
		return "waits"
	}
	return "lost"
}

// identified returns the verified caller of a request, without the hash, which
// TestCredentialHash looks at.
func (h *house) identified(surface string, headers ...string) caller.Identity {
	id := h.enter(surface, headers...).Identity
	id.Credential = 0
	return id
}

// present replaces the credential room. It knows what the tests of this room present.
func (h *house) present(headers []proxy.Header) *Request {
	q := &Request{Headers: headers}
	n := 0
	for _, header := range headers {
		value := strings.Trim(header.Value, " \t,")
		if cookie, ok := strings.CutPrefix(value, "session="); ok && header.Name == "cookie" {
			q.Credential = caller.Credential{Place: "session", Carrier: caller.InCookie, Token: cookie}
			n++
		}
		for _, name := range h.config.Credentials.Headers {
			if !proxy.SameHeader(header.Name, name) || value == "" || strings.EqualFold(value, caller.Bearer) {
				continue
			}
			q.Credential = caller.Credential{Place: header.Name, Token: value}
			if n++; strings.Contains(header.Value, ",") {
				n++
			}
		}
	}
	c := &q.Credential
	if i := strings.IndexAny(c.Token, " \t"); i > 0 && c.InAuthorization() {
		c.Scheme, c.Token = c.Token[:i], strings.Trim(c.Token[i:], " \t")
	}
	q.Presents, q.Alone = n > 0, n == 1 && ascii.IsVisible(c.Scheme) && ascii.IsVisible(c.Token)
	return q
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
