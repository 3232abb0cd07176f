// Package outcome judges responses: whether the credential of a request was accepted or
// rejected, as far as the response tells. What that means depends on the surface's
// kind.
//
//	outcome.go     the room, and a request's State
//	judge.go       what statuses and error codes say
//	tokenerror.go  the error code in the body of a token endpoint's response
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
)

// Ports are the room's view of the proxy.
type Ports interface {
	proxy.ResponseHeader
	proxy.ResponseBody
	proxy.Properties
}

// Room judges the responses of all surfaces.
type Room struct {
	ports Ports
	rules []Rule
}

// New returns the room.
func New(c *config.Config, p Ports) *Room {
	r := &Room{ports: p, rules: make([]Rule, len(c.Surfaces))}
	for i := range c.Surfaces {
		r.rules[i] = Rule{room: r, kind: c.Surfaces[i].Kind, lockout: &c.Surfaces[i].Lockout}
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
	// InBody tells that Cause was found in the body, so that the status in the access
	// log does not tell it.
	InBody bool
}

// State follows the response to one request. The zero State judges nothing.
type State struct {
	rule   *Rule
	token  tokenError
	framed framed

	credential, grpc, options bool // of the request

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

// Headers judges the response by its headers. end tells that nothing follows them.
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
	if judgement != undecided {
		return s.settle(judgement, report.Cause{Status: status})
	}
	s.reading = !end && isReadableJSON(ports.ResponseHeader("content-type"), ports.ResponseHeader("content-encoding"))
	return Verdict{}
}

// Body judges the response by a piece of its body of size bytes, which passes through.
// end tells that nothing follows it.
func (s *State) Body(size int, end bool) Verdict {
	if s.framed.reading {
		return s.framedBody(size, end)
	}
	if !s.reading {
		return Verdict{}
	}
	if size > 0 && s.token.feed(s.rule.room.ports.ResponseBody(size)) || end {
		return s.settleToken()
	}
	return Verdict{}
}

// Trailers judges the response by its trailers, which also end its body.
func (s *State) Trailers() (v Verdict) {
	if s.framed.on && !s.reading {
		return s.framedTrailers()
	}
	if s.reading {
		v = s.settleToken()
	}
	if s.awaits && s.grpc {
		return s.settle(s.rule.judgeGRPC(s.rule.room.ports.ResponseTrailer(grpcStatus), s.credential), causeGRPC)
	}
	return v
}

// Done judges the response when the stream is over, however it ended. A client that
// aborts before the body was read counts as failed: it knows the status, and could
// otherwise guess and abort each time.
func (s *State) Done() Verdict {
	if s.framed.reading {
		return s.framedDone()
	}
	if !s.reading {
		return Verdict{}
	}
	s.reading = false
	if brokeOff(s.rule.room.ports.Property(codeDetails)) {
		return Verdict{}
	}
	return s.settle(Failed, report.Cause{Code: "aborted"})
}

// settleToken judges the response by the error code that its body has shown.
func (s *State) settleToken() Verdict {
	s.reading = false
	code := s.token.code()
	if !countsTokenError(code) {
		return Verdict{}
	}
	v := s.settle(Failed, report.Cause{Code: code})
	v.InBody = true
	return v
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
