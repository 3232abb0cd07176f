package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// World is something that runs the filter: the stand-in, or a real Envoy.
type World interface {
	// Do sends a request on a worker; the service behind the filter answers
	// as told, when meanwhile has returned.
	Do(worker int, send wasmhost.Request, answer wasmhost.Response, meanwhile func()) Outcome
	// Advance lets time pass, and the workers' timers with it.
	Advance(d time.Duration)
	Reconfigure(config string) error
	// LogLines returns what the filter has logged, from the beginning of the scenario on.
	// Where the log comes late, it is waited for until enough says that all is there.
	LogLines(enough func(lines []string) bool) []string
	// Slack is by how many seconds its clock may have gone on between two
	// steps; 0 where it is set by hand.
	Slack() int
}

// Counters is a World whose metrics begin at zero with the scenario and do not
// lag behind. Those of a real Envoy do neither; e2e looks at them in a test of
// its own.
type Counters interface {
	Counter(name string) uint64
}

// Outcome is what came of a request.
type Outcome struct {
	Status  int
	Headers [][2]string
	Body    string
	// Reached tells whether the service got it, Got with which headers.
	Reached bool
	Got     [][2]string
	// Reason and Details are what the access log says.
	Reason, Details string
}

func (o Outcome) values(name string) []string { return valuesOf(o.Headers, name) }

func valuesOf(headers [][2]string, name string) []string {
	var values []string
	for _, h := range headers {
		if h[0] == name {
			values = append(values, h[1])
		}
	}
	return values
}

// String is all of an outcome: two that print alike are alike to the byte.
func (o Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d reached=%v reason=%q details=%q\n", o.Status, o.Reached, o.Reason, o.Details)
	for _, h := range o.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h[0], h[1])
	}
	return b.String() + "\n" + o.Body
}

// Run plays a scenario and returns a transcript of everything that came back.
func Run(t *testing.T, w World, s Scenario) string {
	t.Helper()
	var transcript strings.Builder
	p := player{t: t, world: w, workers: max(s.Workers, 1), transcript: &transcript}
	p.play("", s.Steps)
	if counters, ok := w.(Counters); ok {
		checkMetrics(t, counters, s, &transcript)
	}
	checkLog(t, w, s, &transcript)
	return transcript.String()
}

// player plays the steps of one scenario.
type player struct {
	t             *testing.T
	world         World
	workers, sent int
	transcript    *strings.Builder
}

// play plays steps whose numbers begin with prefix.
func (p *player) play(prefix string, steps []Step) {
	p.t.Helper()
	for i, step := range steps {
		number := fmt.Sprint(prefix, i+1)
		p.world.Advance(step.After)
		if step.Reconfigure != "" {
			if err := p.world.Reconfigure(step.Reconfigure); err != nil {
				p.t.Fatalf("step %s, %s: %v", number, step.Note, err)
			}
		}
		for n := range max(step.Times, 1) {
			p.send(fmt.Sprintf("%s.%d", number, n+1), step)
		}
		if p.t.Failed() {
			p.t.FailNow() // what follows builds on this step
		}
	}
}

func (p *player) send(number string, step Step) {
	p.t.Helper()
	worker := p.sent % p.workers
	p.sent++
	got := p.world.Do(worker, step.Send, step.Answer, func() { p.play(number+".", step.Meanwhile) })
	got = step.Want.settle(got, p.world.Slack())
	for _, problem := range step.check(got) {
		p.t.Errorf("step %s, %s: %s", number, step.Note, problem)
	}
	fmt.Fprintf(p.transcript, "-- %s %s\n%s\n", number, step.Note, got)
}

// settle lets what is told on a real clock be a few seconds shorter than scripted:
// such times, and a body that repeats Retry-After, are read as if they were on time.
func (want Want) settle(got Outcome, slack int) Outcome {
	if slack == 0 {
		return got
	}
	got.Headers = slices.Clone(got.Headers)
	for _, name := range []string{"retry-after", "x-ratelimit-reset", "ratelimit"} {
		wanted := want.Header[name]
		for i := range got.Headers {
			h := &got.Headers[i]
			if h[0] != name || len(wanted) == 0 {
				continue
			}
			if due := wanted[0]; nearly(h[1], due, slack) {
				if name == "retry-after" {
					got.Body = strings.NewReplacer("in "+h[1]+" second", "in "+due+" second",
						`"retryAfter":`+h[1], `"retryAfter":`+due).Replace(got.Body)
				}
				h[1] = due
			}
			wanted = wanted[1:]
		}
	}
	return got
}

// nearly tells whether the items of two texts differ in nothing but a number at their end,
// which is smaller by no more than the slack.
func nearly(got, due string, slack int) bool {
	late, soon := strings.Split(got, ", "), strings.Split(due, ", ")
	if len(late) != len(soon) {
		return false
	}
	for i := range soon {
		if late[i] != soon[i] && !nearlyItem(late[i], soon[i], slack) {
			return false
		}
	}
	return true
}

func nearlyItem(got, due string, slack int) bool {
	const digits = "0123456789"
	before := strings.TrimRight(due, digits)
	if before == due || before != strings.TrimRight(got, digits) {
		return false
	}
	late, err := strconv.Atoi(got[len(before):])
	soon, _ := strconv.Atoi(due[len(before):])
	return err == nil && late <= soon && late >= soon-slack
}

func (s Step) check(got Outcome) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if got.Status != s.Want.Status {
		wrong("status %d, want %d\n%s", got.Status, s.Want.Status, got)
	}
	if got.Reason != s.Want.Refused {
		wrong("reason %q, want %q", got.Reason, s.Want.Refused)
	}
	if s.Want.Refused != "" && got.Details != "gatewarden_"+s.Want.Refused {
		wrong("details %q, want the reason", got.Details)
	}
	if reach := s.Want.Refused == "" && !s.Want.Served; got.Reached != reach && !s.Want.HeadersSent {
		wrong("reached the service: %v, want %v", got.Reached, reach)
	}
	for name, want := range s.Want.Header {
		if values := got.values(name); !slices.Equal(values, want) {
			wrong("%s: %q, want %q", name, values, want)
		}
	}
	for name, want := range s.Want.Got {
		if values := valuesOf(got.Got, name); !slices.Equal(values, want) {
			wrong("the service got %s: %q, want %q", name, values, want)
		}
	}
	if s.Want.Body != "" && got.Body != s.Want.Body {
		wrong("body %s\nwant %s", got.Body, s.Want.Body)
	}
	return problems
}

func checkMetrics(t *testing.T, w Counters, s Scenario, transcript *strings.Builder) {
	t.Helper()
	names := make([]string, 0, len(s.Metrics))
	for name := range s.Metrics {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		got := w.Counter(name)
		if got != s.Metrics[name] {
			t.Errorf("metric %s = %d, want %d", name, got, s.Metrics[name])
		}
		fmt.Fprintf(transcript, "metric %s %d\n", name, got)
	}
}

func checkLog(t *testing.T, w World, s Scenario, transcript *strings.Builder) {
	t.Helper()
	if len(s.Log) == 0 {
		return
	}
	lines := w.LogLines(func(lines []string) bool { return notLogged(lines, s.Log) == "" })
	if want := notLogged(lines, s.Log); want != "" {
		t.Errorf("no log line with %q (in order) among\n%s", want, strings.Join(lines, "\n"))
		return
	}
	fmt.Fprintln(transcript, hash.ReplaceAllString(strings.Join(lines, "\n"), "account=#"))
}

// notLogged is the first of the wanted parts that no line has, behind those before it;
// "" if all are there.
func notLogged(lines, wanted []string) string {
	at := 0
	for _, want := range wanted {
		for at < len(lines) && !strings.Contains(lines[at], want) {
			at++
		}
		if at == len(lines) {
			return want
		}
		at++
	}
	return ""
}

// hash is an account in the log, which differs with each proxy's seed.
var hash = regexp.MustCompile("account=[0-9a-f]+")
