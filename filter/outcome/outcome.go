// Package outcome judges responses: whether the credential of a request was accepted or
// rejected, as far as the response tells. What that means depends on the surface's
// kind.
//
//	outcome.go     the room, and a request's State
//	judge.go       what statuses say
//	condition.go   what headers and members of the body say, and token errors
//	handshake.go   which 401 is a step of a handshake
//	member.go      finds members in a body that passes
//	json.go        the same in JSON
//	form.go        the same in a form
//	framed.go      the last frame in the body of gRPC-Web and Connect
//	explain.go     what a logged response says, for tools
//
// The State is called when the response's headers arrive, for each piece of its body,
// when its trailers arrive, and when the stream is done. Each call returns a verdict.
package outcome

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
)

// Ports are the room's view of the proxy.
type Ports interface {
	proxy.RequestHeaderRemover
	proxy.ResponseHeader
	proxy.ResponseHeaderList
	proxy.ResponseBody
	proxy.Properties
}

// Room judges the responses of all surfaces.
type Room struct {
	ports Ports
	rules []Rule
}

// New returns the room.
//
//go:noinline
func New(c *config.Config, p Ports) *Room {
	r := &Room{ports: p, rules: make([]Rule, len(c.Surfaces))}
	for i := range c.Surfaces {
		r.rules[i] = Rule{room: r, kind: c.Surfaces[i].Kind, lockout: &c.Surfaces[i].Lockout}
		r.rules[i].compile()
	}
	return r
}

// Rule returns the rule of a surface, by its index in the configuration.
func (r *Room) Rule(surface int) *Rule { return &r.rules[surface] }

// Verdict is what a response says about the credential of its request.
type Verdict struct {
	Judgement Judgement
	// Cause tells what made the response a failure. It is zero for other judgements.
	Cause report.Cause
	// Unlogged tells whether the status in the access log does not tell Cause, which was
	// found in a header or in the body.
	Unlogged bool
}

// State follows the response to one request. The zero State judges nothing.
type State struct {
	rule      *Rule
	reader    *reader // of the body that is being read
	status    int
	failures  uint32 // conditions that the body decides, a bit for each
	successes uint32
	succeeded bool // unless the body says otherwise
	framed    framed

	handshake                 handshake // of the request
	credential, grpc, options bool      // of the request

	awaits  bool // the response is not judged yet
	reading bool // the body is being read
}

// Begin makes the State judge the response to a request. credential tells whether the
// request presents one, grpc whether it is gRPC, and options whether services may
// answer it without looking at its credential.
func (s *State) Begin(rule *Rule, credential, grpc, options bool) {
	*s = State{rule: rule, credential: credential, grpc: grpc, options: options, awaits: rule != nil}
}

// Stop makes the State judge nothing more.
func (s *State) Stop() { s.awaits, s.reading, s.framed.reading = false, false, false }

// Awaits tells whether the response is not judged yet. The first verdict that is not
// neutral ends the wait.
func (s *State) Awaits() bool { return s.awaits }

// Undecided tells whether a later part of the response will tell: the body that is
// being read, or the trailers of a gRPC response.
func (s *State) Undecided() bool { return s.reading || s.framed.reading || s.grpc && s.awaits }

// Answered tells whether the response has said what it will say of the credential for now:
// it is judged, or it is a stream that may go on for hours. A stream of gRPC has its
// headers, and one of gRPC-Web or Connect a message, which no service sends to a caller
// that it refuses.
func (s *State) Answered() bool {
	return !s.Undecided() || s.grpc || s.framed.frames.HasMessage()
}

// Headers judges the response by its headers. end tells whether nothing follows them.
func (s *State) Headers(status int, end bool) Verdict {
	if !s.awaits {
		return Verdict{}
	}
	if s.framed.on && status == 200 {
		return s.framedHeaders(end)
	}
	ports := s.rule.room.ports
	if s.grpc && status == 200 {
		// If the response has no trailers, the gRPC status is in the headers.
		return s.settle(s.rule.judgeGRPC(ports.ResponseHeader(grpcStatus), s.credential), causeGRPC)
	}
	judgement := s.rule.judge(status, s.credential)
	switch {
	case judgement == Neutral:
		return Verdict{}
	case status == 401 && s.handshake.scheme != noScheme && s.handshake.goesOn(ports.ResponseHeaders()):
		s.Stop()
		return Verdict{}
	case judgement == undecided:
		return s.weigh(status, end)
	}
	return s.settle(judgement, report.Cause{Status: status})
}

// weigh judges a response whose status is not enough. If the body decides, it is read. If
// the body should decide but is missing or unreadable, the response is neither a failure
// nor a success: a HEAD request must not turn a failure into a success.
func (s *State) weigh(status int, end bool) Verdict {
	r := s.rule
	var headers []proxy.Header
	if looksAtHeaders(r.failures, status) || looksAtHeaders(r.successes, status) {
		headers = r.room.ports.ResponseHeaders()
	}
	fails, succeeds := weigh(r.failures, status, headers), weigh(r.successes, status, headers)
	if fails.first >= 0 {
		return s.failed(r.failures[fails.first].code)
	}
	s.status, s.failures, s.successes = status, fails.body, succeeds.body
	s.succeeded = succeeds.first >= 0 || len(r.successes) == 0 && isSuccess(status)
	if s.succeeded {
		s.successes = 0 // nothing more has to be known
	}
	wanted := wanted(r.failures, s.failures) | wanted(r.successes, s.successes)
	if wanted == 0 {
		return s.accept(s.succeeded)
	}
	if s.reading = !end && isPlain(r.room.ports.ResponseHeader("content-encoding")); s.reading {
		s.reader = new(reader)
		s.reader.begin(r.members, wanted, r.forms)
	}
	return Verdict{}
}

// failed makes a failure for a reason that the status does not tell.
func (s *State) failed(code string) Verdict {
	v := s.settle(Failed, report.Cause{Code: code})
	v.Unlogged = true
	return v
}

func (s *State) accept(succeeded bool) Verdict {
	if succeeded {
		return s.settle(Accepted, report.Cause{})
	}
	return Verdict{}
}

// Body judges the response by a piece of its body of size bytes, which passes through.
// end tells whether nothing follows it.
func (s *State) Body(size int, end bool) Verdict {
	if s.framed.reading {
		return s.framedBody(size, end)
	}
	if !s.reading {
		return Verdict{}
	}
	done := size > 0 && s.reader.feed(s.rule.room.ports.ResponseBody(size))
	if done || end {
		return s.endBody()
	}
	if c, value := s.reader.holding(s.rule.failures, s.failures); c != nil {
		return s.failedBy(c, value)
	}
	return Verdict{}
}

// Trailers judges the response by its trailers, which also end its body.
func (s *State) Trailers() (v Verdict) {
	if s.framed.on && !s.reading {
		return s.framedTrailers()
	}
	if s.reading {
		v = s.endBody()
	}
	if s.awaits && s.grpc {
		return s.settle(s.rule.judgeGRPC(s.rule.room.ports.ResponseTrailer(grpcStatus), s.credential), causeGRPC)
	}
	return v
}

// Done judges the response when the stream is over, however it ended. A client that
// aborts before the body was read counts as failed: it knows the status, and could
// otherwise guess and abort each time. A 2xx has told it nothing yet, and browsers abort
// what a page no longer needs.
func (s *State) Done() Verdict {
	if s.framed.reading {
		return s.framedDone()
	}
	if !s.reading {
		return Verdict{}
	}
	s.reading, s.reader = false, nil
	if s.failures == 0 || isSuccess(s.status) || brokeOff(s.rule.room.ports.Property(codeDetails)) {
		return Verdict{}
	}
	return s.settle(Failed, report.Cause{Code: "aborted"})
}

// endBody judges the response by what its body has shown. One that is longer than what
// is read, or empty, shows no success.
func (s *State) endBody() Verdict {
	r := s.reader
	r.end()
	s.reading, s.reader = false, nil
	if c, value := r.holding(s.rule.failures, s.failures); c != nil {
		return s.failedBy(c, value)
	}
	if r.overrun || r.read == 0 {
		return Verdict{}
	}
	c, _ := r.holding(s.rule.successes, s.successes)
	return s.accept(s.succeeded || c != nil)
}

// failedBy makes a failure of a condition that holds.
func (s *State) failedBy(c *condition, value string) Verdict {
	s.reading, s.reader = false, nil
	if c.code != "" {
		value = c.code
	}
	return s.failed(value)
}

// Unveil removes request headers that could make the response's body unreadable, if the
// body decides.
func (s *State) Unveil(headers []proxy.Header) {
	if !s.awaits || !s.rule.ReadsBody() {
		return
	}
	request.Unveil(headers, s.rule.room.ports)
}

// settle makes a judgement the verdict, and ends the wait unless the judgement is
// neutral.
func (s *State) settle(judgement Judgement, why report.Cause) Verdict {
	switch {
	case judgement == Failed:
		s.Stop()
		return Verdict{Judgement: Failed, Cause: why}
	case judgement == Accepted && !s.options:
		s.Stop()
		return Verdict{Judgement: Accepted}
	}
	return Verdict{}
}
