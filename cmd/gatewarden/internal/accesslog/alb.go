package accesslog

import "strings"

// AWS writes for an Application Load Balancer
//
//	TYPE TIME NAME CLIENT:PORT TARGET:PORT TIME_1 TIME_2 TIME_3 STATUS STATUS RECEIVED SENT
//	"METHOD URL PROTOCOL" "AGENT" CIPHER TLS GROUP "TRACE" "DOMAIN" "CERTIFICATE" PRIORITY
//	CREATED ...
//
// TIME is when the answer was there, CREATED when the request came. Lines of its first
// years end behind TRACE. The three times between are in seconds, -1 where there was no
// target.
// See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-entry-format

// isALB tells whether a line begins with a type and a time.
func isALB(line string) bool {
	kind, rest, _ := strings.Cut(line[:min(len(line), len("https 2"))], " ")
	switch kind {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return rest != "" && isDigit(rest[0])
	}
	return false
}

func readALB(s *scanner, v *values) {
	switch s.word(albType) {
	case "http", "https", "h2", "grpcs", "ws", "wss":
	default:
		s.fail(0, albType)
	}
	at := s.at
	ended, ok := parseISO(s.word("a time such as 2018-07-02T22:23:00.186641Z"))
	if !ok {
		s.fail(at, "a time such as 2018-07-02T22:23:00.186641Z")
	}
	s.word("the load balancer's name")
	client := s.word("the client's address and port")
	s.word("the target, or a dash")
	var took int64
	for range 3 {
		took += seconds(s.word("a time in seconds"))
	}
	v.set(known{fieldStatus, 1}, s.albStatus())
	s.word("the target's status, or a dash")
	s.number(1, 19, "a number of received bytes")
	s.number(1, 19, "a number of sent bytes")
	request := s.quoted("the request in quotes")
	if s.failed() {
		return
	}
	v.setRequest(request, unescapeBackslash)
	colon := strings.LastIndexByte(client, ':')
	v.set(known{fieldClient, 1}, strings.Trim(client[:max(colon, 0)], "[]"))
	v.begun, v.answered, v.ended = ended-took, 0, ended
	if created := s.albCreated(); created > 0 && created <= ended {
		v.begun, v.answered = created, min(created+took, ended)
	}
}

const albType = "a type: http, https, h2, grpcs, ws or wss"

// albStatus reads the status. A dash stands for none.
func (s *scanner) albStatus() string {
	if strings.HasPrefix(s.rest(), "- ") {
		s.at += len("- ")
		return "0"
	}
	return s.status()
}

// albCreated reads when the request came, 0 if the line ends before.
func (s *scanner) albCreated() int64 {
	const optional = "more"
	s.quoted(optional) // the user agent
	for range 3 {
		s.word(optional)
	}
	for range 3 {
		s.quoted(optional)
	}
	s.word(optional) // the priority of the rule
	ms, _ := parseISO(s.word(optional))
	s.wanted = "" // none of it is needed
	return ms
}
