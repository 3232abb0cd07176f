package filter

import (
	"bytes"

	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// answerCall prepares to read the answer to an MCP request. It replaces an answer that it
// cannot read, though nothing may pass unread. end tells that the answer has no body.
func (s *Stream) answerCall(end bool) (replaced bool) {
	host := s.filter.host
	if end {
		return false
	}
	mediaType, encoding := host.ResponseHeader("content-type"), host.ResponseHeader("content-encoding")
	filters, readable := s.call.ListHeaders(mediaType, encoding, &s.identity.Identity, s.mayUse)
	switch {
	case !readable:
		why, words := refusal.Refusal{Reason: refusal.Malformed, Now: host.Now()}, mcp.UnreadableAnswer()
		s.reply(s.filter.cors.Reply(&words, &why, &refusal.Recipient{Origin: s.recipient.Origin}))
		return true
	case filters:
		host.RemoveResponseHeader("content-length")
	}
	return false
}

// mayUse tells whether the caller has scopes.
func (s *Stream) mayUse(scopes []string) bool { return s.scope.Allows(&s.identity.Identity, scopes) }

// filterList lets of a piece of the answer pass what the caller may see.
func (s *Stream) filterList(size int) {
	f := s.filter
	piece := f.host.ResponseBody(size)
	f.passed = s.call.ListBody(f.passed[:0], piece)
	if !bytes.Equal(f.passed, piece) {
		f.host.ReplaceResponseBody(f.passed)
	}
}
