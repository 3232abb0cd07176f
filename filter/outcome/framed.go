package outcome

import (
	"github.com/gatewarden/gatewarden/filter/outcome/frame"
	"github.com/gatewarden/gatewarden/filter/report"
)

// framed follows the response to a call of gRPC-Web, or to one that streams in Connect.
// Both have HTTP status 200 however the call ended.
type framed struct {
	frames  frame.Reader
	on      bool // the request is such a call
	reading bool // the body is being read
	okay    bool // the headers say that the call succeeded
}

// causeConnect is the only error code of Connect that is a failure.
var causeConnect = report.Cause{Code: "unauthenticated"}

// ReadFrames tells whether the last frame of the response's body says how the call ended.
func (s *State) ReadFrames() { s.framed.on = s.awaits }

// framedHeaders judges a call by the headers of its response, which have the status of
// gRPC-Web if the response has no message.
func (s *State) framedHeaders(end bool) Verdict {
	ports, f := s.rule.room.ports, &s.framed
	format := frame.FormatOf(ports.ResponseHeader("content-type"))
	status := ""
	if format != frame.Connect {
		status = ports.ResponseHeader(grpcStatus)
	}
	f.okay = status == "0"
	switch {
	case format == frame.None && status == "" && s.rule.judge(200, s.credential) == Failed:
		return s.settle(Failed, report.Cause{Status: 200}) // the service does not speak the protocol
	case end || status != "" && !f.okay:
		return s.settle(s.rule.judgeGRPC(status, s.credential), causeGRPC)
	}
	if format != frame.None && isPlain(ports.ResponseHeader("content-encoding")) {
		f.reading = true
		f.frames.Begin(format)
	}
	return Verdict{}
}

// framedBody judges a call by a piece of the response's body. Of a long message only the
// first bytes are read.
func (s *State) framedBody(size int, end bool) Verdict {
	f := &s.framed
	if size > 0 && !f.frames.Skip(size) {
		piece := s.rule.room.ports.ResponseBody(size)
		end = f.frames.Feed(piece) || end || len(piece) != size
	}
	if end {
		return s.settleFrames()
	}
	return Verdict{}
}

// framedTrailers judges a call by trailers of HTTP, which end the body, too.
func (s *State) framedTrailers() (v Verdict) {
	if s.framed.reading {
		v = s.settleFrames()
	}
	if s.awaits {
		return s.settle(s.rule.judgeGRPC(s.rule.room.ports.ResponseTrailer(grpcStatus), s.credential), causeGRPC)
	}
	return v
}

// framedDone judges a call whose stream has ended. A client that disconnects within the
// last frame knows that no message follows, and counts as failed, unless there was one.
func (s *State) framedDone() Verdict {
	f := &s.framed
	f.reading = false
	if !f.frames.EndsBare() || brokeOff(s.rule.room.ports.Property(codeDetails)) {
		return Verdict{}
	}
	return s.settle(s.rule.judgeGRPC(unauthenticated, s.credential), report.Cause{Code: "aborted"})
}

// settleFrames judges a call by what the frames have told.
func (s *State) settleFrames() Verdict {
	f := &s.framed
	f.reading = false
	status, cause := "", causeGRPC
	if f.frames.Format() == frame.Connect {
		cause = causeConnect
	}
	switch ending := f.frames.Ending(); {
	case ending == frame.Unauthenticated:
		status = unauthenticated
	case ending == frame.Succeeded, f.okay && !f.frames.Begun():
		status = "0"
	}
	v := s.settle(s.rule.judgeGRPC(status, s.credential), cause)
	v.Unlogged = v.Judgement == Failed
	return v
}
