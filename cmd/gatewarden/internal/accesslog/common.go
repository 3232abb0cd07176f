package accesslog

import (
	"net/netip"
	"strings"
)

// The Common Log Format, as nginx, Apache, Traefik and many others write it, is
//
//	HOST IDENT USER [TIME] "METHOD PATH PROTOCOL" STATUS SIZE
//
// and the Combined Log Format goes on with "REFERER" "AGENT". Behind these, nginx.conf
// as packages ship it has "X-FORWARDED-FOR", and Traefik
//
//	NUMBER "ROUTER" "SERVER" DURATIONms
//
// Apache's vhost_combined begins with the virtual host and its port. nginx writes a line
// when the request is over, with the time of then; Apache and Traefik write the time at
// which it came.
// See https://httpd.apache.org/docs/2.4/mod/mod_log_config.html,
// https://nginx.org/en/docs/http/ngx_http_log_module.html and
// https://doc.traefik.io/traefik/observability/access-logs/

const commonTime = "10/Oct/2000:13:55:36 -0700"

// findCommonTime returns where the time of a line begins, -1 if it has none. Whatever a
// client puts into its user name, the quotes are escaped there, so that the first quote
// behind a bracket opens the request.
func findCommonTime(line string) int {
	begin := strings.Index(line, `] "`) - len(commonTime)
	if begin < 1 || line[begin-1] != '[' || line[begin+2] != '/' {
		return -1
	}
	return begin
}

func readCommon(s *scanner, v *values) {
	begin := findCommonTime(s.line)
	if begin < 0 {
		s.missCommonTime()
		return
	}
	s.readHost(begin-1, v)
	if s.failed() {
		return
	}
	s.at = begin
	ms, _, ok := parseDayFirst(s.line[begin : begin+len(commonTime)])
	if !ok {
		s.fail(begin, "a time such as "+commonTime)
		return
	}
	v.missing |= WholeSeconds | NoDuration
	v.begun, v.ended = ms, ms
	s.at = begin + len(commonTime) + len("] ")
	v.setRequest(s.quoted("the request in quotes"), unescapeBackslash)
	v.set(known{fieldStatus, 1}, s.status())
	s.number(1, 19, "a size in bytes, or a dash")
	if !s.failed() && s.at < len(s.line) && s.line[s.at] == '"' {
		s.quoted("the referer in quotes")
		if strings.HasPrefix(s.rest(), `"`) {
			s.quoted("the user agent in quotes")
			s.readBehindAgent(v)
		}
	}
}

// missCommonTime says what is missing in front of the request.
func (s *scanner) missCommonTime() {
	s.word("the client's address")
	s.word("a word or a dash")
	if i := strings.IndexByte(s.rest(), '['); i >= 0 {
		s.at += i + 1
		s.fail(s.at, "a time such as "+commonTime+", and behind it the request in quotes")
	}
	s.word("a user or a dash")
	s.fail(s.at, "a time in brackets, such as ["+commonTime+"]")
}

// readHost reads the fields before the time: the client, and its user name.
func (s *scanner) readHost(end int, v *values) {
	client := s.word("the client's address")
	for strings.HasSuffix(client, ",") && s.at < end { // X-Forwarded-For in its place
		s.word("another address")
		if s.failed() {
			return
		}
		client = strings.TrimSuffix(s.line[:s.at], " ")
	}
	ident := s.word("a word or a dash")
	if ident != "-" {
		if _, err := netip.ParseAddr(ident); err == nil { // the first word is the virtual host
			v.set(known{fieldAuthority, 1}, client)
			client = ident
			s.word("a word or a dash")
		}
	}
	if s.at >= end || s.line[end-1] != ' ' {
		s.fail(min(s.at, end), "a user or a dash, and then the time in brackets")
		return
	}
	if user := s.line[s.at : end-1]; user != "-" && user != "" {
		v.set(known{fieldCredential, 1}, "user")
	}
	if strings.IndexByte(client, ',') >= 0 {
		v.set(known{fieldForwarded, 1}, client)
		return
	}
	v.set(known{fieldClient, 1}, client)
}

// readBehindAgent reads the fields that nginx.conf or Traefik write there, and ignores any
// others.
func (s *scanner) readBehindAgent(v *values) {
	rest := s.rest()
	switch {
	case rest == "":
	case rest[0] == '"' && !strings.HasSuffix(rest, "ms"): // Traefik marks no quotes in user agents
		if forwarded := s.quoted("X-Forwarded-For in quotes"); isAddressList(forwarded) {
			v.set(known{fieldForwarded, 1}, forwarded)
		}
	case isDigit(rest[0]) && strings.HasSuffix(rest, "ms"):
		if text := rest[strings.LastIndexByte(rest, ' ')+1 : len(rest)-len("ms")]; isDigits(text) {
			v.missing &^= NoDuration
			v.ended = v.begun + milliseconds(text)
		}
	}
}

// isAddressList tells whether a text begins like X-Forwarded-For.
func isAddressList(text string) bool {
	first, _, _ := strings.Cut(text, ",")
	_, err := netip.ParseAddr(strings.TrimSpace(first))
	return err == nil
}
