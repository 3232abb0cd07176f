package filter

import "strings"

// ResponseHeaders judges the response by its status and completes its challenge.
func (s *Stream) ResponseHeaders(host Host, end bool) {
	if s.replied || s.surface == nil {
		return
	}
	challenged := s.filter.challenge != nil && s.surface.challenged()
	status := 0
	switch {
	case s.limited():
		status = s.addQuotaHeaders(host)
	case s.judged || challenged:
		status = parseStatus(host.ResponseHeader(":status"))
	default:
		return
	}
	if status == 401 && challenged {
		s.filter.completeChallenge(host, s.origin.named)
	}
	if s.judged {
		s.judge(host, status, end)
	}
	if s.slot.held && !s.reading && (!s.grpc || !s.judged) {
		s.freeSlot(host.Now())
	}
}

func (s *Stream) judge(host Host, status int, end bool) {
	if s.grpc && status == 200 {
		// Without trailers the gRPC status stands in the headers.
		s.settle(host, judgeGRPC(s.surface, host.ResponseHeader("grpc-status"), s.credential), causeGRPC)
		return
	}
	verdict := judge(s.surface, status, s.credential)
	if verdict != undecided {
		s.settle(host, verdict, cause{status: status})
		return
	}
	s.reading = !end && isReadableJSON(host.ResponseHeader("content-type"), host.ResponseHeader("content-encoding"))
}

// ResponseBody reads a token endpoint's error as it passes by.
func (s *Stream) ResponseBody(host Host, size int, end bool) {
	if !s.reading {
		return
	}
	if size > 0 && s.token.feed(host.ResponseBody(size)) || end {
		s.settleToken(host)
	}
}

// ResponseTrailers end a gRPC response.
func (s *Stream) ResponseTrailers(host Host) {
	if s.reading {
		s.settleToken(host)
	}
	if s.judged && s.grpc && !s.replied {
		s.settle(host, judgeGRPC(s.surface, host.ResponseTrailer("grpc-status"), s.credential), causeGRPC)
	}
}

func (s *Stream) settleToken(host Host) {
	s.reading = false
	if code := s.token.code(); countsTokenError(code) {
		// The access log has the status alone, which is that of every mistake.
		if s.counted {
			host.SetFailure(code)
		}
		s.settle(host, failed, cause{code: code})
	}
}

// Done ends the stream, however it ended.
func (s *Stream) Done(host Host) {
	if s.reading && !brokeOff(host.Property(codeDetails)) {
		// The client knows the status and left before the error was read:
		// whoever guesses could do so each time.
		s.reading = false
		s.settle(host, failed, cause{code: "aborted"})
	}
	if s.slot.held {
		s.freeSlot(host.Now())
	}
	if len(s.places) > 0 {
		s.freePlaces(host.Now())
	}
	s.leave()
}

// codeDetails is the property that says how the stream ended.
const codeDetails = "response\x00code_details"

// brokeOff tells from the response code details that the service broke the
// response off, or that Envoy's patience with it ended. Everything else may be
// the client's doing: there are many ways to end a stream, and those that break
// the rules of HTTP have details of their own.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/response_code_details
func brokeOff(details string) bool {
	return strings.HasPrefix(details, "upstream_") || strings.HasSuffix(details, "timeout")
}

// settle counts the outcome of the authentication: once, whatever else the response
// brings.
func (s *Stream) settle(host Host, verdict judgement, why cause) {
	if verdict != failed && (verdict != accepted || s.options) {
		return
	}
	s.judged = false
	if verdict == accepted {
		s.accept(host)
		s.succeed(host)
		if s.hasOwn {
			s.filter.forgive(host, s)
		}
		return
	}
	s.reject(host)
	if !s.counted {
		return
	}
	if s.form != nil && !s.awaiting() {
		s.closeForm() // trailers, or nothing, came after it
	}
	s.filter.countFailure(host, s, why)
}
