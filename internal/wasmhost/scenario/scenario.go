// Package scenario is what Gatewarden promises, as scripts: who sends what, what
// the service answers, what must come of it. Each is written once and run on the
// filter as Go code and as Wasm by each compiler; those that need no clock run
// on a real Envoy, too.
package scenario

import (
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// Scenario is a script of steps on one fresh proxy.
type Scenario struct {
	Name string
	// Config is the plugin configuration, Env the VM's environment.
	Config string
	Env    map[string]string
	// StandInOnly tells why the scenario cannot run on a real Envoy: it sends
	// what no client can, or what Envoy refuses itself.
	StandInOnly bool
	// HidesBodies tells that the proxy does not show a body whose headers are held: it lacks
	// allow_on_headers_stop_iteration.
	HidesBodies bool
	// Says is what the authorization server says of tokens, one answer after the
	// other, and then the last one again. All others are not active.
	Says map[string][]wasmhost.Response
	// Has is what the authorization server has at its paths, one answer after the other,
	// and then the last one again. At other paths it has nothing.
	Has map[string][]wasmhost.Response
	// Funds are the credits that tenants have at the quota service.
	Funds map[string]int
	// Tells is what the gRPC server answers by method ("package.Service/Method"), one answer
	// after the other, and then the last one again. It has no other methods.
	Tells map[string][]wasmhost.GRPCAnswer
	// Fleet is what other proxies have counted so far at the rate limit service, on each
	// counter of a rule, by the rule's name there. Without it, there is no service.
	Fleet map[string]uint64
	// Workers that take turns in sending; 1 if 0.
	Workers int
	Steps   []Step
	// Metrics are the values of counters at the end, by name; those not named
	// are not looked at.
	Metrics map[string]uint64
	// Log are parts of log lines, each of which must be there, in order.
	Log []string
}

// Step sends one request, or the same one several times.
type Step struct {
	Note string
	// After this time.
	After time.Duration
	// Reconfigure loads another configuration into all workers first.
	Reconfigure string
	Times       int // 1 if 0
	Send        wasmhost.Request
	Answer      wasmhost.Response
	// Meanwhile are the steps while the service has the request.
	Meanwhile []Step
	Want      Want
}

// Want is what must come of a request.
type Want struct {
	// Status at the client.
	Status int
	// Refused is the reason of a refusal by the filter. Empty: the service
	// must have got the request, and its answer come back.
	Refused string
	// Served tells whether the filter answered without refusing.
	Served bool
	// HeadersSent tells that the service may have got the headers of a refused request.
	HeadersSent bool
	// Header are all lines of the names given; none: the header is absent.
	Header map[string][]string
	// Body is compared if it is not empty.
	Body string
	// Got are all lines of the names given that the service must have got; none:
	// the header must not have reached it.
	Got map[string][]string
}

// Timeless tells whether the scenario needs neither a clock that is set by hand
// nor a new configuration.
func (s Scenario) Timeless() bool {
	return timeless(s.Steps)
}

func timeless(steps []Step) bool {
	for _, step := range steps {
		if step.After != 0 || step.Reconfigure != "" || !timeless(step.Meanwhile) {
			return false
		}
	}
	return true
}

// All returns every scenario.
func All() []Scenario {
	var all []Scenario
	for _, group := range [][]Scenario{
		lockouts(), failures(), spellings(), clients(), replies(), challenges(), resources(), servers(), confusedDeputies(), updates(), hardening(), distincts(), identities(),
		quotas(), introspections(), concurrency(), bypasses(), bursts(), repeats(), places(), calls(), accounts(), hosts(), outcomes(), mcpCalls(), operations(), budgets(), audits(), fleets(),
	} {
		all = append(all, group...)
	}
	return all
}

// JWTAuthn is the one filter whose metadata scenarios have, under "payload".
const JWTAuthn = "envoy.filters.http.jwt_authn"

// The words of the scripts.

type option func(*Step)

func step(note, method, path string, options ...option) Step {
	s := Step{Note: note, Send: wasmhost.Request{Method: method, Path: path}}
	for _, o := range options {
		o(&s)
	}
	if s.Answer.Status == 0 {
		s.Answer.Status = 200
	}
	if s.Want.Status == 0 {
		s.Want.Status = s.Answer.Status
	}
	return s
}

func get(note, path string, options ...option) Step { return step(note, "GET", path, options...) }

func post(note, path string, options ...option) Step { return step(note, "POST", path, options...) }

func times(n int) option { return func(s *Step) { s.Times = n } }

func after(d time.Duration) option { return func(s *Step) { s.After = d } }

func meanwhile(steps ...Step) option { return func(s *Step) { s.Meanwhile = steps } }

func reconfigured(config string) option { return func(s *Step) { s.Reconfigure = config } }

// from sets the client's address.
func from(address string) option {
	return func(s *Step) { s.Send.SourceAddress = address }
}

func with(name, value string) option {
	return func(s *Step) { s.Send.Headers = append(s.Send.Headers, [2]string{name, value}) }
}

func token(t string) option { return with("authorization", "Bearer "+t) }

func body(chunks ...string) option {
	return func(s *Step) { s.Send.Body = pieces(chunks) }
}

func trailer(name, value string) option {
	return func(s *Step) { s.Send.Trailers = append(s.Send.Trailers, [2]string{name, value}) }
}

func answer(status int, headers ...[2]string) option {
	return func(s *Step) { s.Answer.Status, s.Answer.Headers = status, headers }
}

func answerBody(contentType string, chunks ...string) option {
	return func(s *Step) {
		s.Answer.Headers = append(s.Answer.Headers, [2]string{"content-type", contentType})
		s.Answer.Body = pieces(chunks)
	}
}

func answerTrailer(name, value string) option {
	return func(s *Step) { s.Answer.Trailers = append(s.Answer.Trailers, [2]string{name, value}) }
}

// by names another filter as the one that answers.
func by(details string) option { return func(s *Step) { s.Answer.Details = details } }

func refused(reason string, status int) option {
	return func(s *Step) { s.Want.Refused, s.Want.Status = reason, status }
}

// locked is a refusal for the given number of seconds.
func locked(seconds string) option {
	return func(s *Step) {
		s.Want.Refused, s.Want.Status = "locked_out", 429
		has("retry-after", seconds)(s)
	}
}

func served(status int) option {
	return func(s *Step) { s.Want.Served, s.Want.Status = true, status }
}

// headersSent marks a refusal that comes after the service has got the headers.
func headersSent(s *Step) { s.Want.HeadersSent = true }

func has(name string, values ...string) option {
	return func(s *Step) {
		if s.Want.Header == nil {
			s.Want.Header = map[string][]string{}
		}
		s.Want.Header[name] = values
	}
}

// arrives says what the service must have got of a header.
func arrives(name string, values ...string) option {
	return func(s *Step) {
		if s.Want.Got == nil {
			s.Want.Got = map[string][]string{}
		}
		s.Want.Got[name] = values
	}
}

// claims are what jwt_authn has verified.
func claims(payload map[string]any) option {
	return func(s *Step) { s.Send.Metadata = map[string]any{JWTAuthn: map[string]any{"payload": payload}} }
}

func hasNo(name string) option { return has(name) }

func says(text string) option { return func(s *Step) { s.Want.Body = text } }

func pieces(chunks []string) [][]byte {
	var out [][]byte
	for _, c := range chunks {
		out = append(out, []byte(c))
	}
	return out
}
