package accesslog

import (
	"strconv"
	"strings"
)

// HAProxy's HTTP format, of option httplog, is
//
//	CLIENT:PORT [TIME] FRONTEND BACKEND/SERVER TR/Tw/Tc/Tr/Ta STATUS BYTES COOKIE COOKIE
//	TERMINATION CONNECTIONS QUEUES {REQUEST HEADERS} {RESPONSE HEADERS} "REQUEST"
//
// where the headers are optional. TIME is when the request came, in the machine's own
// time zone, which the line does not tell. HAProxy writes quotes and braces of clients
// as #22. Lines of TCP connections and of failed handshakes are written into the same
// log.
// See https://docs.haproxy.org/2.6/configuration.html#8.2.3

// isHAProxy tells whether a port and a day stand at the begin, as in no other format.
func isHAProxy(line string) bool {
	i := strings.IndexByte(line, ' ')
	return i > 2 && isDigit(line[i-1]) && fits(line[i:], " [00/") && strings.IndexByte(line[:i], ':') > 0
}

func readHAProxy(s *scanner, v *values) {
	client := s.word("the client's address and port")
	colon := strings.LastIndexByte(client, ':')
	if colon < 1 || !isDigits(client[colon+1:]) {
		s.fail(0, "the client's address and port")
	}
	begun := s.readHAProxyTime(v)
	if frontend := s.word("the frontend's name"); strings.HasSuffix(frontend, ":") {
		v.noRequest = true // a connection that failed
		return
	}
	s.word("the backend and the server")
	if s.readTimers(begun, v); v.noRequest {
		return
	}
	v.set(known{fieldClient, 1}, client[:max(colon, 0)])
	if strings.HasPrefix(s.rest(), "-1 ") {
		s.at += len("-1 ")
		v.set(known{fieldStatus, 1}, "0") // nothing was answered
	} else {
		v.set(known{fieldStatus, 1}, s.status())
	}
	s.at += len(s.rest()) - len(strings.TrimPrefix(s.rest(), "+")) // of option logasap
	s.number(1, 19, "a number of bytes")
	s.word("a captured cookie, or a dash")
	s.word("a captured cookie, or a dash")
	if at := s.at; len(s.word("four letters of how the session ended")) != len("----") {
		s.fail(at, "four letters of how the session ended")
	}
	s.slashes(5, "five numbers of connections, such as 1/1/1/1/0")
	s.slashes(2, "two numbers of queued requests, such as 0/0")
	s.skipBraces()
	v.setRequest(s.quoted("the request in quotes"), unescapeHash)
}

// readHAProxyTime reads the time in brackets.
func (s *scanner) readHAProxyTime(v *values) (ms int64) {
	const wanted = "a time in brackets, such as [06/Feb/2009:12:14:14.655]"
	if s.failed() {
		return 0
	}
	end := strings.Index(s.rest(), "] ")
	if end < 1 || s.line[s.at] != '[' {
		s.fail(s.at, wanted)
		return 0
	}
	ms, zone, ok := parseDayFirst(s.line[s.at+1 : s.at+end])
	if !ok {
		s.fail(s.at+1, wanted)
		return 0
	}
	if !zone {
		v.missing |= NoZone
	}
	s.at += end + len("] ")
	return ms
}

// readTimers reads the five times of a request. A TCP connection has three.
func (s *scanner) readTimers(begun int64, v *values) {
	const wanted = "five times in milliseconds, such as 10/0/30/69/109"
	at := s.at
	text := s.word(wanted)
	if s.failed() {
		return
	}
	var timers [5]int64
	n := 0
	for rest, more := text, true; more; n++ {
		var part string
		part, rest, more = strings.Cut(rest, "/")
		ms, err := strconv.ParseInt(strings.TrimPrefix(part, "+"), 10, 64)
		if err != nil || n == len(timers) {
			s.fail(at, wanted)
			return
		}
		timers[n] = min(max(ms, -1), monthInMilliseconds)
	}
	switch n {
	case 3:
		v.noRequest = true
	case len(timers):
		v.begun, v.ended = begun, begun+max(timers[4], 0)
		if answered := timers[0] + timers[1] + timers[2] + timers[3]; timers[3] >= 0 && answered >= 0 {
			v.answered = min(begun+answered, v.ended)
		}
	default:
		s.fail(at, wanted)
	}
}

// slashes reads n numbers.
func (s *scanner) slashes(n int, wanted string) {
	at := s.at
	if text := s.word(wanted); strings.Count(text, "/") != n-1 {
		s.fail(at, wanted)
	}
}

// skipBraces skips captured headers. They may have blanks, and no brace or quote.
func (s *scanner) skipBraces() {
	for !s.failed() && strings.HasPrefix(s.rest(), "{") {
		end := strings.Index(s.rest(), "} ")
		if end < 0 {
			s.fail(s.at, "a brace that closes, and behind it the request in quotes")
			return
		}
		s.at += end + len("} ")
	}
}
