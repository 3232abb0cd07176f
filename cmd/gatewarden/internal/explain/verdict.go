package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/example"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
)

var reasons = map[refusal.Reason]string{
	refusal.LockedOut:        "the client is locked out",
	refusal.RateLimited:      "there are too many attempts at once",
	refusal.QuotaExceeded:    "a quota is used up",
	refusal.Malformed:        "the request can be read in more than one way",
	refusal.AuthDenied:       "the surface requires an identity, and no source verified one",
	refusal.StoreUnavailable: "the caller's identity could not be determined",
	refusal.OverCapacity:     "too many requests are in flight",
	refusal.BypassDenied:     "it asks for the bypass without a role for it",

	refusal.InsufficientScope: "the caller lacks a scope that it needs",
	refusal.TierDenied:        "the caller's tier does not include what it calls",
}

func (w *written) verdict(r *Request, o *outcome) Verdict {
	if o.reply == nil {
		says := "It passes to the service."
		switch {
		case o.view.Shadowed:
			says = "It passes, because the rule that would refuse it is in shadow mode."
		case o.view.Lockout.Excused:
			says = "It passes although the client is locked out: its credential is known as good."
		}
		return Verdict{Passes: true, Says: says}
	}
	v := Verdict{Reason: o.reason, Reply: sent(r, o.reply)}
	if o.reason == "" {
		v.Says = "Gatewarden answers it."
		if len(o.asked) > 0 {
			v.Says = "Gatewarden answers it with the metadata that the cluster " + o.asked[0] +
				" has. Nobody is asked here, so this is the reply without that."
		}
		return v
	}
	v.RetryAfter = v.Reply.header("retry-after")
	v.Says = "It is refused: " + reasons[refusal.Reason(o.reason)] + "."
	switch call := &o.view.Call; {
	case call.Flaw != "" && o.reason == string(refusal.Malformed):
		v.Says = "It is refused: " + call.Flaw
	case o.reason == string(refusal.AuthDenied) && o.view.Identity.Foreign:
		v.Says = "It is refused: its token is for another resource."
	case o.reply.Status == 415:
		v.Says = "It is refused: the account in its body cannot be read."
	case o.reason == string(refusal.AuthDenied) && !o.view.Identity.Required:
		v.Says = "It is refused: what it asks for needs an identity, and no source verified one."
	}
	if v.RetryAfter != "" {
		v.Says += " " + again(v.RetryAfter)
	}
	return v
}

func again(retryAfter string) string {
	n, err := strconv.ParseInt(retryAfter, 10, 64)
	if err != nil {
		return ""
	}
	return "It may be tried again in " + span(n*1000) + "."
}

// after tells what the failures before did.
func after(times, counted int) string {
	if counted == times {
		return "It has failed " + some(int64(times), "time") + " before."
	}
	what := "failures"
	if counted == 1 {
		what = "a failure"
	}
	return fmt.Sprintf("It was made %s before, of which %d counted as %s.", some(int64(times), "time"), counted, what)
}

// sent is a reply as Envoy sends it.
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/http/utility.cc
// (Utility::prepareLocalReply)
func sent(r *Request, reply *proxy.Reply) *Reply {
	out := &Reply{Status: reply.Status, Headers: [][2]string{}}
	add := func(name, value string) { out.Headers = append(out.Headers, [2]string{name, value}) }
	for _, h := range reply.Headers {
		add(h.Name, h.Value)
	}
	if r.isGRPC() {
		out.Status = 200
		add("content-type", "application/grpc")
		add("grpc-status", strconv.Itoa(reply.GRPC))
		if len(reply.Body) > 0 {
			add("grpc-message", string(reply.Body))
		}
		return out
	}
	if form := r.form(); form.IsWeb() && out.header("grpc-status") != "" {
		add("content-type", form.MediaType()) // the filter adds it, behind what Envoy makes
	}
	if len(reply.Body) > 0 && r.HTTP.Method != "HEAD" {
		out.Body = string(reply.Body)
	}
	return out
}

// isGRPC is what Envoy takes for a gRPC request.
func (r *Request) isGRPC() bool {
	for _, line := range r.HTTP.Headers {
		if line[0] == "content-type" {
			rest, ok := strings.CutPrefix(line[1], "application/grpc")
			return ok && (rest == "" || rest[0] == '+')
		}
	}
	return false
}

// form is the form of refusals of the request.
func (r *Request) form() refusal.Form {
	t, d := request.Read(r.lines())
	return refusal.FormOf(&t, &d)
}

func (r *Reply) header(name string) string {
	for _, line := range r.Headers {
		if line[0] == name {
			return line[1]
		}
	}
	return ""
}

// failure is an answer that says that the request's credential was wrong.
func (w *written) failure(r *Request) *Answer {
	if r.isGRPC() {
		return &Answer{Status: 200, Headers: [][2]string{{"content-type", "application/grpc"}, {"grpc-status", "16"}}}
	}
	if form := r.form(); form.IsWeb() {
		return &Answer{Status: 200, Headers: [][2]string{{"content-type", form.MediaType()}, {"grpc-status", "16"}}}
	}
	p := newRehearsal(w.Config, 0)
	if at := p.do(r, nil).view.Surface; at >= 0 {
		if e, found := example.Failure(&w.Surfaces[at].Lockout, 0, ""); found {
			return &Answer{Status: e.Status, Headers: e.Headers, Body: e.Body}
		}
	}
	return &Answer{Status: 401}
}

const (
	failuresMetric = "gatewarden_auth_failures_total.surface."
	repeatedMetric = "gatewarden_repeated_failures_total.surface."
)

// failures is how many failures were counted.
func failures(counted map[string]uint64) uint64 { return sumOf(counted, failuresMetric) }

// repeated is how many failures were not counted, because the client had failed with the
// same credential before.
func repeated(counted map[string]uint64) uint64 { return sumOf(counted, repeatedMetric) }

func sumOf(counted map[string]uint64, metric string) (n uint64) {
	for name, by := range counted {
		if strings.HasPrefix(name, metric) {
			n += by
		}
	}
	return n
}

func (w *written) response(a *Answer, o *outcome) *ResponsePart {
	p := &ResponsePart{Status: a.Status, Counted: o.counted}
	switch {
	case o.reply != nil:
		p.Says = []string{"The service never sees the request, so there is no such response."}
		return p
	case o.view.Surface < 0:
		p.Says = []string{"The request belongs to no surface: the response is not looked at."}
		return p
	}
	s := &w.Surfaces[o.view.Surface]
	p.Says = append(p.Says, w.judged(s, a, o))
	if o.instead != nil {
		p.Says = append(p.Says, fmt.Sprintf("The client gets the status %d in its place: a list of tools that is compressed cannot be filtered.", o.instead.Status))
		return p
	}
	for _, h := range o.after {
		if !slices.Contains(o.before, h) {
			p.Added = append(p.Added, [2]string{h.Name, h.Value})
		}
	}
	for _, h := range o.before {
		if !slices.Contains(o.after, h) {
			p.Removed = append(p.Removed, h.Name)
		}
	}
	return p
}

// judged says what the response says of the credential.
func (w *written) judged(s *config.Surface, a *Answer, o *outcome) string {
	success := a.Status >= 200 && a.Status < 300
	switch {
	case failures(o.counted) > 0:
		return "It is a failure, and counts towards the lockout."
	case repeated(o.counted) > 0:
		return "It is a failure that does not count: the client has failed with the same credential before (lockout.repeats)."
	case !o.view.Judged:
		return "It is not looked at for failures: no lockout counts this client here."
	case a.Status == 200 && endsInBody(o.view.Form):
		return "It is a failure only if grpc-status 16 in its headers, or the last frame of its body, says so: HTTP status 200 says nothing about such a call."
	case o.view.Handshake && a.Status == 401 && countsStatus(&s.Lockout, 401):
		return "It is a step of a handshake, or says that its nonce is stale: neither a failure nor a success."
	case len(a.Body) == 0 && s.Lockout.ReadsBody() && a.Status < 500:
		return "Its body decides whether it is a failure (" + toldBy(s) + "); say --response-body."
	case len(s.Lockout.SucceededWhen) > 0:
		return "It is no failure. It is a success if a condition of lockout.succeeded_when holds. Failures before it stay counted."
	case success && s.Lockout.ResetOnSuccess:
		return "It is a success, which takes back the failures of the same credential (lockout.reset_on_success)."
	case success:
		return "It is a success. Failures before it stay counted."
	case !o.view.Lockout.MayFail:
		return "It is no failure: the request presents no credential, which is how OAuth discovery begins (lockout.count_anonymous)."
	}
	if len(s.Lockout.FailuresWhen) > 0 {
		return "It is no failure: no condition of lockout.failures_when holds."
	}
	return fmt.Sprintf("It is no failure: lockout.statuses of the surface are %s.", numbers(s.Lockout.Statuses))
}

// endsInBody tells whether the status of a call with such errors is not HTTP's.
func endsInBody(f refusal.Form) bool {
	return f.IsWeb() || f.IsConnect() && f != refusal.ConnectForm
}

// countsStatus tells whether a status can be a failure by itself.
func countsStatus(l *config.Lockout, status int) bool {
	for i := range l.FailuresWhen {
		if l.FailuresWhen[i].HasStatus(status) {
			return true
		}
	}
	return slices.Contains(l.Statuses, status)
}

// toldBy names the fields that say what in a body is a failure or a success.
func toldBy(s *config.Surface) string {
	if len(s.Lockout.TokenErrors) > 0 {
		return "lockout.token_errors"
	}
	return "lockout.failures_when, succeeded_when"
}

func numbers(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

// repeat makes the request again and again, on a table that is empty at first, until
// one is refused. No time passes.
func (w *written) repeat(q *Question) *RepeatPart {
	answer := q.Answer
	if answer == nil {
		answer = &Answer{Status: 200}
	}
	what := strconv.Itoa(answer.Status)
	p := newRehearsal(w.Config, q.Wall)
	for n := 1; n <= q.Repeat; n++ {
		o := p.do(&q.Request, answer)
		if o.reason == "" {
			continue
		}
		r := &RepeatPart{Times: q.Repeat, Refused: n, Reason: o.reason, RetryAfter: sent(&q.Request, o.reply).header("retry-after")}
		r.Says = fmt.Sprintf("Made %s at the same moment and answered with %s, number %d is the first that is refused (%s).",
			some(int64(q.Repeat), "time"), what, n, o.reason)
		if r.RetryAfter != "" {
			r.Says += " " + again(r.RetryAfter)
		}
		return r
	}
	return &RepeatPart{Times: q.Repeat, Says: fmt.Sprintf("Made %s at the same moment and answered with %s, none is refused.",
		some(int64(q.Repeat), "time"), what)}
}
