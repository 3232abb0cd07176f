package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
)

// What is explained is what the filter does: natively and as Wasm, on the stand-in for
// Envoy, with configurations and requests that are drawn. To see one again: the seed
// is in the failure.

const stepsEach = 60

func TestExplanationIsWhatTheNativeFilterDoes(t *testing.T) {
	saw := map[string]int{}
	for seed := range uint64(240) {
		agree(t, seed, native.NewProxy, saw)
	}
	t.Log(saw)
	for what, least := range map[string]int{
		"passed": 2000, "locked_out": 100, "quota_exceeded": 100, "malformed": 50, "auth_denied": 50, "rate_limited": 5,
		"bypass_denied": 5, "store_unavailable": 5, "insufficient_scope": 50, "tier_denied": 10, "failure": 500, "repeated": 100, "no surface": 300, "quota": 500, "known client": 500,
	} {
		if saw[what] < least {
			t.Errorf("%s: seen %d times, want %d at least: too little is compared", what, saw[what], least)
		}
	}
}

func TestExplanationIsWhatTheWasmFilterDoes(t *testing.T) {
	for _, path := range []string{"go/gatewarden.wasm", "tinygo/gatewarden.wasm"} {
		t.Run(path, func(t *testing.T) {
			wasm, err := os.ReadFile(filepath.Join("../../../../build", path))
			if os.IsNotExist(err) && strings.HasPrefix(path, "tinygo") {
				t.Skip("TinyGo is not there")
			}
			if err != nil {
				t.Fatalf("%v\nrun \"make test\", or scripts/build-filter go build/go/gatewarden.wasm", err)
			}
			module, err := wasmhost.Compile(wasm)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(8) {
				agree(t, seed, module.NewProxy, map[string]int{})
			}
		})
	}
}

// Of a request that is made again and again, the one that is said to be refused first
// is the first that the filter refuses.
func TestRepeatedRequestIsRefusedWhenItSays(t *testing.T) {
	const times = 40
	refused := 0
	for seed := range uint64(200) {
		s := drawScript(rand.New(rand.NewPCG(seed, 7)), seed)
		c, err := config.Parse(s.config, environment(s.env))
		if err != nil {
			t.Fatal(err)
		}
		first := &s.steps[0]
		r := (&written{Config: c}).repeat(&Question{Request: *first.request(), Answer: first.service(), Repeat: times})
		if is := s.firstRefused(t, first, times); is != r.Refused {
			t.Fatalf("seed %d: the first that is refused is said to be %d and is %d\n%s", seed, r.Refused, is, s)
		}
		if r.Refused > 1 {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("%d are refused after the first: too little is compared", refused)
	}
}

// firstRefused is the number of the first request that the filter refuses.
func (s *script) firstRefused(t *testing.T, step *step, times int) int {
	s.steps = s.steps[:1]
	worker, err := native.NewProxy(wasmhost.NewProcess(wasmhost.ProcessOptions{}), s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	for n := 1; n <= times; n++ {
		if r := worker.Do(step.send, func(wasmhost.Request) wasmhost.Response { return step.answer }); r.FilterState["wasm.gatewarden.reason"] != "" {
			return n
		}
	}
	return 0
}

func FuzzExplanationIsWhatTheFilterDoes(f *testing.F) {
	for seed := range uint64(10) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		s := drawScript(rand.New(rand.NewPCG(seed, 7)), seed)
		if _, err := config.Parse(s.config, []string{"SECRET=x"}); err != nil {
			return // a pattern was drawn that no request can match
		}
		agree(t, seed, native.NewProxy, map[string]int{})
	})
}

type start func(*wasmhost.Process, wasmhost.Options) (*wasmhost.Proxy, error)

// agree plays the script of a seed. One that shows a difference is shortened.
func agree(t *testing.T, seed uint64, start start, saw map[string]int) {
	t.Helper()
	s := drawScript(rand.New(rand.NewPCG(seed, 7)), seed)
	difference := s.play(start, saw)
	if difference == "" {
		return
	}
	for at := 0; at < len(s.steps) && len(s.steps) > 1; {
		shorter := *s
		shorter.steps = slices.Delete(slices.Clone(s.steps), at, at+1)
		if found := shorter.play(start, map[string]int{}); found != "" {
			s, difference = &shorter, found
		} else {
			at++
		}
	}
	t.Fatalf("seed %d: %s\n%s", seed, difference, s)
}

// script is a configuration, and requests with their answers.
type script struct {
	config []byte
	env    map[string]string
	held   bool
	steps  []step
	now    *step // that is played
}

type step struct {
	after  time.Duration
	send   wasmhost.Request
	answer wasmhost.Response
	// said is what the authorization server says.
	said string
}

func (s *script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nenvironment %v\n", s.config, s.env)
	for _, step := range s.steps {
		fmt.Fprintf(&b, "after %v: %s %q from %q %q body %q metadata %v introspected %q is answered %d %q %q\n",
			step.after, step.send.Method, step.send.Path, step.send.SourceAddress, step.send.Headers,
			bytes.Join(step.send.Body, nil), step.send.Metadata, step.said, step.answer.Status, step.answer.Headers, step.answer.Body)
	}
	return b.String()
}

// play sends every request to the filter and to what explains it, and returns where
// they part.
func (s *script) play(start start, saw map[string]int) string {
	process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
	s.now = nil
	worker, err := start(process, s.options())
	if err != nil {
		return "the filter does not start: " + err.Error()
	}
	defer worker.Close()
	c, err := config.Parse(s.config, environment(s.env))
	if err != nil {
		return err.Error()
	}
	w := &written{Config: c}
	p := newRehearsal(c, process.Clock.Realtime().UnixMilli())
	p.Clock = process.Clock.Monotonic().Milliseconds()
	for i := range s.steps {
		step := &s.steps[i]
		process.Clock.Advance(step.after)
		p.Clock, p.Wall = p.Clock+step.after.Milliseconds(), p.Wall+step.after.Milliseconds()
		s.now = step
		is := observe(process, worker, step)
		request := step.request()
		o := p.do(request, step.service())
		if what := is.differs(w, request, &o); what != "" {
			return fmt.Sprintf("request %d: %s", i, what)
		}
		if what := consistent(w, &o, step); what != "" {
			return fmt.Sprintf("request %d: %s", i, what)
		}
		if what := marked(w, request, &o); what != "" {
			return fmt.Sprintf("request %d: %s", i, what)
		}
		note(saw, &o)
	}
	return ""
}

func (s *script) options() wasmhost.Options {
	if s.now == nil {
		s.now = &s.steps[0]
	}
	return wasmhost.Options{
		PluginConfig: s.config, Env: s.env, StopIteration: s.held, Clusters: []string{"auth"},
		Callout: func(wasmhost.HTTPCall) wasmhost.Response {
			if s.now.said == "" {
				return wasmhost.Response{Status: 503}
			}
			return wasmhost.Response{Status: 200, Body: [][]byte{[]byte(s.now.said)}}
		},
	}
}

func environment(env map[string]string) (list []string) {
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	return list
}

// observed is what a filter did with a request.
type observed struct {
	wasmhost.Result
	counted map[string]uint64
	log     []string
}

func observe(process *wasmhost.Process, worker *wasmhost.Proxy, s *step) observed {
	before, lines := process.Metrics.Counters(), len(worker.Host().Logs())
	is := observed{Result: worker.Do(s.send, func(wasmhost.Request) wasmhost.Response { return s.answer }), counted: map[string]uint64{}}
	_ = worker.Tick()
	for name, n := range process.Metrics.Counters() {
		if n > before[name] {
			is.counted[name] = n - before[name]
		}
	}
	for _, line := range worker.Host().Logs()[lines:] {
		is.log = append(is.log, line.Message)
	}
	return is
}

// differs compares what was done with what is explained.
func (is *observed) differs(w *written, r *Request, o *outcome) string {
	v := w.verdict(r, o)
	switch {
	case is.Trapped != nil || is.Hung:
		return fmt.Sprintf("trapped %v, hung %v", is.Trapped, is.Hung)
	case v.Passes != is.UpstreamSawHeaders && v.Passes:
		return "is said to pass and does not: " + is.Details
	case v.Passes != is.UpstreamSawHeaders:
		// Where headers cannot be held, a form comes behind them.
		if is.ReachedUpstream {
			return "is said to be refused and passes"
		}
	}
	if reason := is.FilterState["wasm.gatewarden.reason"]; v.Reason != reason {
		return fmt.Sprintf("the reason is said to be %q and is %q", v.Reason, reason)
	}
	if !maps.Equal(is.counted, o.counted) {
		return fmt.Sprintf("is said to count %v and counts %v", o.counted, is.counted)
	}
	reply := v.Reply
	if o.instead != nil {
		reply = sent(&Request{}, o.instead)
	}
	if reply == nil {
		reply = &Reply{}
		for _, h := range o.after {
			reply.Headers = append(reply.Headers, [2]string{h.Name, h.Value})
		}
		reply.Status, _ = strconv.Atoi(reply.Headers[0][1])
		reply.Headers = reply.Headers[1:]
	} else if string(is.Body) != reply.Body {
		return fmt.Sprintf("the body is said to be %q and is %q", reply.Body, is.Body)
	}
	if is.Status != reply.Status {
		return fmt.Sprintf("the status is said to be %d and is %d", reply.Status, is.Status)
	}
	if got, want := lines(is.Headers), lines(reply.Headers); !slices.Equal(got, want) {
		return fmt.Sprintf("the headers are said to be\n%q and are\n%q", want, got)
	}
	return is.otherClient(o)
}

// lines are headers in order, without those that Envoy adds by itself.
func lines(headers [][2]string) (list []string) {
	for _, h := range headers {
		if h[0] != ":status" && h[0] != "content-length" {
			list = append(list, h[0]+": "+h[1])
		}
	}
	slices.Sort(list)
	return list
}

// otherClient looks for a line in the filter's log that names another client or
// surface.
func (is *observed) otherClient(o *outcome) string {
	name := "unknown"
	if p := o.view.Client.Prefix; p.IsSingleIP() {
		name = p.Addr().String()
	} else if p.IsValid() {
		name = p.String()
	}
	for _, line := range is.log {
		if strings.Contains(line, " client=") && !strings.Contains(line+" ", " client="+name+" ") && !strings.Contains(line, "network lockout") {
			return fmt.Sprintf("the client is said to be %s, and the filter logs %q", name, line)
		}
	}
	return ""
}

// consistent holds what the rules say of themselves against what was counted.
func consistent(w *written, o *outcome, s *step) string {
	v := &o.view
	for name := range o.counted {
		if surface, found := strings.CutPrefix(name, "gatewarden_requests_total.surface."); found {
			surface, _, _ = strings.Cut(surface, ".")
			if v.Surface < 0 || w.Surfaces[v.Surface].Name != surface {
				return fmt.Sprintf("the surface is said to be %d, and the filter counts for %s", v.Surface, surface)
			}
		}
	}
	if v.Surface < 0 {
		return ""
	}
	for i := range v.Quotas {
		of := "gatewarden_quota_requests_total.rule." + w.Quotas[i].Name + ".outcome."
		counted := o.counted[of+"admitted"] + o.counted[of+"shadowed"]
		applies := v.Quotas[i].Standing == report.Applies && !v.Bypassed
		if o.reply == nil && applies != (counted == 1) {
			return fmt.Sprintf("quota %d has the standing %d, bypassed %v, and counts %d", i, v.Quotas[i].Standing, v.Bypassed, counted)
		}
	}
	surface := &w.Surfaces[v.Surface]
	mustFail := o.reply == nil && v.Lockout.Standing == report.Applies && v.Lockout.MayFail && !v.GRPC &&
		slices.Contains(surface.Lockout.Statuses, s.answer.Status)
	n, again := failures(o.counted), repeated(o.counted)
	if mustFail && n+again != 1 || n+again > 0 && v.Lockout.Standing != report.Applies {
		return fmt.Sprintf("the lockout has the standing %d, may fail %v, and counts %d failures", v.Lockout.Standing, v.Lockout.MayFail, n)
	}
	locked := v.Lockout.Client.LockedUntil > v.Now // in shadow mode, or excused: then each failure is counted
	if mustFail && !locked && v.Lockout.Repeats != (again == 1) {
		return fmt.Sprintf("the guess is said to have failed before: %v, and %d did not count", v.Lockout.Repeats, again)
	}
	return told(w, o)
}

// told holds what quotas say is left against what the client is told.
func told(w *written, o *outcome) string {
	for _, h := range o.after {
		if h.Name != "ratelimit" || o.reply != nil || slices.Contains(o.before, h) {
			continue
		}
		for i := range o.view.Quotas {
			q := &o.view.Quotas[i]
			if strings.HasPrefix(h.Value, `"`+w.Quotas[i].Name+`";`) && !strings.Contains(h.Value, fmt.Sprintf(";r=%d;", q.Left)) {
				return fmt.Sprintf("quota %d is said to have %d left, and the client is told %s", i, q.Left, h.Value)
			}
		}
	}
	return ""
}

// marked looks for the rule that refuses, which the report marks.
func marked(w *written, r *Request, o *outcome) string {
	report := w.report(r, o)
	if err := report.Text(io.Discard); err != nil {
		return err.Error()
	}
	w.next(o)
	rules := slices.Clone(report.Rules)
	if report.Identity != nil {
		rules = append(rules, report.Identity.Sources...)
	}
	marked := slices.ContainsFunc(rules, func(r Rule) bool { return r.Refuses })
	if must := o.reason != "" && (o.reason != string(refusal.Malformed) || o.view.Call.Flaw != ""); marked != must {
		return fmt.Sprintf("refused for %q, and a rule is marked: %v, of %+v", o.reason, marked, rules)
	}
	return ""
}

// note counts what was seen.
func note(saw map[string]int, o *outcome) {
	saw["passed"]++
	if o.reply != nil {
		saw["passed"]--
		saw[o.reason]++
	}
	if o.view.Surface < 0 {
		saw["no surface"]++
	}
	if o.view.Client.Named.IsValid() {
		saw["known client"]++
	}
	saw["failure"] += int(failures(o.counted))
	saw["repeated"] += int(repeated(o.counted))
	for _, q := range o.view.Quotas {
		if q.Standing == report.Applies {
			saw["quota"]++
		}
	}
}

// request is the step's as it is explained.
func (s *step) request() *Request {
	r := &Request{From: s.send.SourceAddress, Metadata: s.send.Metadata, Introspected: s.said}
	r.HTTP.Method, r.HTTP.Scheme, r.HTTP.Authority, r.HTTP.Target = s.send.Method, "http", "gateway.example", s.send.Path
	if s.send.Authority != "" {
		r.HTTP.Authority = s.send.Authority
	}
	r.HTTP.Headers, r.HTTP.Body = s.send.Headers, bytes.Join(s.send.Body, nil)
	return r
}

func (s *step) service() *Answer {
	return &Answer{Status: s.answer.Status, Headers: s.answer.Headers, Body: bytes.Join(s.answer.Body, nil)}
}

// asJSON is a value as encoding/json reads it.
func asJSON(text string) (value map[string]any) {
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}
