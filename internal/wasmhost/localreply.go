package wasmhost

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/gatewarden/gatewarden/internal/hostform"
)

// localReply is a response that the filter makes up.
type localReply struct {
	code       int
	details    string
	body       []byte
	headers    [][2]string
	grpcStatus int32
}

// reply answers the stream in place of the upstream. As long as there are no
// response headers the reply goes out through the filter itself; in place of
// some it goes to the client at once; and after they went out the stream can
// only be cut off. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/http/filter_manager.cc
// (DownstreamFilterManager::sendLocalReply)
//
// Of several replies in one callback the first is sent, with the details of the
// last.
func (s *stream) reply(r localReply) {
	if s.finished || s.gone {
		return
	}
	s.explain(strings.Map(underscoreSpace, r.details))
	switch {
	case s.encoded:
		s.reset("")
	case s.maps[ResponseHeaders] != nil:
		s.replaced = true
		s.sendTo(client{s}, r)
	case s.pending == nil:
		s.pending = &r
		s.host.replying = append(s.host.replying, s)
	}
}

// sendReplies sends what is pending, through the filter.
func (h *Host) sendReplies() {
	for len(h.replying) > 0 {
		s := h.replying[0]
		h.replying = h.replying[1:]
		s.sendTo(&s.response, *s.pending)
	}
}

func (s *stream) sendTo(to sink, r localReply) {
	s.local = true
	headers, body := s.build(r)
	s.maps[ResponseHeaders] = headers
	to.headers(len(body) == 0)
	if len(body) > 0 {
		to.data(body, true)
	}
}

func underscoreSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return '_'
	}
	return r
}

// build makes the message as Envoy does:
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/common/http/utility.cc
// (Utility::prepareLocalReply)
func (s *stream) build(r localReply) (*headerMap, []byte) {
	if isGRPC(s.maps[RequestHeaders]) {
		return s.buildGRPC(r), nil
	}
	s.code = r.code
	m := newHeaderMap(hostform.ResponseJoins, append([][2]string{{":status", strconv.Itoa(r.code)}}, r.headers...)...)
	if len(r.body) == 0 {
		m.remove("content-length")
		m.remove("content-type")
		return m, nil
	}
	m.replace("content-length", strconv.Itoa(len(r.body)))
	if _, ok := m.get("content-type"); !ok {
		m.add("content-type", "text/plain")
	}
	if s.in.Method == "HEAD" {
		return m, nil
	}
	return m, r.body
}

// buildGRPC makes a response of headers only, which carry the status.
func (s *stream) buildGRPC(r localReply) *headerMap {
	s.code = 200
	status := r.grpcStatus
	if status < 0 || status > 16 {
		status = grpcStatusOf(r.code)
	}
	m := newHeaderMap(hostform.ResponseJoins, append([][2]string{{":status", "200"}}, r.headers...)...)
	m.replace("content-type", "application/grpc")
	m.replace("grpc-status", strconv.Itoa(int(status)))
	if len(r.body) > 0 && s.in.Method != "HEAD" {
		m.replace("grpc-message", percentEncode(r.body))
	}
	m.remove("content-length")
	return m
}

func isGRPC(request *headerMap) bool {
	contentType, _ := request.get("content-type")
	rest, ok := strings.CutPrefix(contentType, "application/grpc")
	return ok && (rest == "" || rest[0] == '+')
}

// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
func grpcStatusOf(code int) int32 {
	switch code {
	case 400:
		return 13
	case 401:
		return 16
	case 403:
		return 7
	case 404:
		return 12
	case 429, 502, 503, 504:
		return 14
	}
	return 2
}

func percentEncode(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		if c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
