package explain

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/replay"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/hostform"
	"github.com/gatewarden/gatewarden/table"
)

// rehearsal runs the filter on one request after the other, none of which takes any time.
type rehearsal struct {
	*replay.Host
	filter  *filter.Filter
	names   map[string]bool // of counters
	request *Request
	body    []byte // of the response
	// asked are the clusters that were asked about the token; calls and answered are
	// how many questions and answers there were since the beginning.
	asked           []string
	calls, answered uint32
	// reserves tells of each question whether it asks a quota service to reserve.
	reserves []bool
}

// clock is what the filter's clock shows, in milliseconds. It has no meaning but that
// it is not zero.
const clock = 3_600_000

func newRehearsal(c *config.Config, wall int64) *rehearsal {
	p := &rehearsal{Host: replay.NewHost(), names: map[string]bool{}}
	p.Clock, p.Wall = clock, wall
	alone := *c
	alone.Fleet = nil // what other proxies know is not known here
	p.filter = filter.New(&alone, p, table.Seed{1})
	return p
}

// outcome is what came of a request.
type outcome struct {
	// reply is the filter's, nil if the request passed.
	reply  *proxy.Reply
	reason string
	// instead is what the client gets in the place of the response, nil if it gets that.
	instead *proxy.Reply
	// view is what the filter made of the request, before any response.
	view filter.Explanation
	// removed are the headers that the service does not see.
	removed []string
	asked   []string
	// before and after are the response's headers, without and with the filter.
	before, after []proxy.Header
	// counted is by how much each metric went up.
	counted map[string]uint64
}

// do sends a request. If it passes, the service gives the answer, unless that is nil.
func (p *rehearsal) do(r *Request, answer *Answer) outcome {
	p.Next()
	p.request, p.asked, p.Address = r, nil, r.peer()
	p.Request = r.lines()
	p.Body = r.HTTP.Body
	sent := slices.Clone(p.Request)
	before := p.metrics()
	s := p.filter.NewStream()
	p.ask(s)
	o := outcome{reply: p.Replied, reason: p.Reason, asked: p.asked, removed: removed(sent, p.Request)}
	o.view = s.Explain(sent)
	if p.Replied == nil && answer != nil {
		p.respond(s, answer, &o)
	}
	s.Done()
	o.counted = map[string]uint64{}
	for name, n := range p.metrics() {
		if n > before[name] {
			o.counted[name] = n - before[name]
		}
	}
	return o
}

// ask takes a request through the filter, the body in one piece. Questions about its
// token, and what it costs, are answered as soon as they hold it.
func (p *rehearsal) ask(s *filter.Stream) {
	bare := len(p.Body) == 0
	s.RequestHeaders(bare)
	p.answer()
	if p.Replied == nil && !bare {
		s.RequestBody(len(p.Body), true)
		p.answer()
	}
}

// answer gives the answers that are owed.
func (p *rehearsal) answer() {
	for p.answered < p.calls {
		p.answered++
		p.filter.Answered(p.answered, len(p.said()))
	}
}

func (p *rehearsal) respond(s *filter.Stream, a *Answer, o *outcome) {
	o.before = a.lines()
	p.Response = slices.Clone(o.before)
	p.body = a.Body
	s.ResponseHeaders(len(a.Body) == 0)
	o.after, o.instead = slices.Clone(p.Response), p.Replied
	if len(a.Body) > 0 && o.instead == nil {
		s.ResponseBody(len(a.Body), true)
	}
}

func (p *rehearsal) metrics() map[string]uint64 {
	p.filter.Flush()
	values := map[string]uint64{}
	for name := range maps.Keys(p.names) {
		values[name] = p.Metric(name)
	}
	return values
}

// Counter notes the names of all counters.
func (p *rehearsal) Counter(name string) proxy.Metric {
	p.names[name] = true
	return p.Host.Counter(name)
}

// ResponseBody is the answer's body.
func (p *rehearsal) ResponseBody(size int) []byte { return p.body[:min(size, len(p.body))] }

// Property is an attribute, or what filters in front have left behind.
func (p *rehearsal) Property(path string) string {
	way, found := strings.CutPrefix(path, "metadata\x00filter_metadata\x00")
	if !found {
		return p.Host.Property(path)
	}
	value, found := hostform.Below(p.request.Metadata, strings.Split(way, "\x00"))
	if !found {
		return ""
	}
	b, _ := hostform.Value(value)
	return string(b)
}

// Call notes the server that the filter asks.
func (p *rehearsal) Call(c *proxy.Call) (number uint32, ok bool) {
	reserves := c.Headers[0] == proxy.Header{Name: ":method", Value: "PUT"}
	if !reserves {
		p.asked = append(p.asked, c.Cluster)
	}
	p.reserves = append(p.reserves, reserves)
	p.calls++
	return p.calls, true
}

// said is what the server says that is asked: an authorization server what the request
// tells of it, and a quota service that it has enough.
func (p *rehearsal) said() string {
	if p.reserves[p.answered-1] {
		return "{}"
	}
	return p.request.Introspected
}

// AnswerStatus is that of a server that answers.
func (p *rehearsal) AnswerStatus() string {
	if p.said() == "" {
		return ""
	}
	return "200"
}

// AnswerBody is what it says.
func (p *rehearsal) AnswerBody(size int) []byte {
	return []byte(p.said()[:min(size, len(p.said()))])
}

// removed are the names of headers that are gone.
func removed(sent, left []proxy.Header) (names []string) {
	for _, h := range sent {
		gone := !slices.ContainsFunc(left, func(l proxy.Header) bool { return l.Name == h.Name })
		if gone && !slices.Contains(names, h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}

// unsaid is the connection's address if none is given: one for documentation (RFC 5737).
const unsaid = "192.0.2.1"

func (r *Request) peer() string {
	if r.From == "" {
		return unsaid
	}
	return r.From
}

// lines are the request's headers as Envoy shows them.
func (r *Request) lines() []proxy.Header {
	h := &r.HTTP
	all := []proxy.Header{
		{Name: ":authority", Value: h.Authority}, {Name: ":path", Value: h.Target},
		{Name: ":method", Value: h.Method}, {Name: ":scheme", Value: h.Scheme},
	}
	for _, line := range h.Headers {
		at := -1
		if hostform.RequestJoins[line[0]] {
			at = slices.IndexFunc(all, func(h proxy.Header) bool { return h.Name == line[0] })
		}
		if at >= 0 {
			all[at].Value += "," + line[1]
			continue
		}
		all = append(all, proxy.Header{Name: line[0], Value: line[1]})
	}
	return all
}

func (a *Answer) lines() []proxy.Header {
	all := []proxy.Header{{Name: ":status", Value: strconv.Itoa(a.Status)}}
	for _, line := range a.Headers {
		all = append(all, proxy.Header{Name: line[0], Value: line[1]})
	}
	return all
}
