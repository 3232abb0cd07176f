package filter

import (
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// answerCall prepares to read the answer to an MCP request. It replaces an answer that it
// cannot read, though nothing may pass unread. end tells whether the answer has no body.
func (s *Stream) answerCall(status int, end bool) (replaced bool) {
	host := s.filter.host
	mediaType := host.ResponseHeader("content-type")
	if s.owes() {
		s.settleCalls(s.call.AnswerHeaders(status, mediaType, end))
	}
	if end || !s.call.AwaitsList() {
		return false
	}
	filters, readable := s.call.ListHeaders(mediaType, host.ResponseHeader("content-encoding"), &s.identity.Identity, s.mayUse)
	switch {
	case !readable:
		why, words := refusal.Refusal{Reason: refusal.Malformed, Now: host.Now()}, mcp.UnreadableAnswer()
		s.reply(s.filter.cors.Reply(words, &why, &refusal.Recipient{Origin: s.recipient.Origin}))
		return true
	case filters:
		host.RemoveResponseHeader("content-length")
	}
	return false
}

// mayUse tells whether the caller has scopes.
func (s *Stream) mayUse(scopes []string) bool { return s.scope.Allows(&s.identity.Identity, scopes) }

// readAnswer reads a piece of the answer, and lets of a list pass what the caller may see.
func (s *Stream) readAnswer(size int, end bool) {
	f := s.filter
	piece := f.host.ResponseBody(size)
	if s.call.Follows() {
		s.settleCalls(s.call.AnswerBody(piece, end))
	}
	if !s.call.Filters() {
		return
	}
	f.passed = s.call.ListBody(f.passed[:0], piece)
	if text.View(f.passed) != text.View(piece) { // package bytes would make copies under TinyGo
		f.host.ReplaceResponseBody(f.passed)
	}
}

// owes tells whether credits are reserved for the request that were not settled.
func (s *Stream) owes() bool { return s.quota.Open() || s.budget.Open() }

// settleCalls gives back what calls cost that failed, and ends the reservation when all calls
// are settled.
func (s *Stream) settleCalls(unpaid uint32) {
	if unpaid > 0 {
		s.quota.Refund(unpaid, s.filter.host.Now())
		s.budget.Refund(unpaid)
		s.fleet.Refund(unpaid)
		s.auditRefunds()
	}
	if !s.call.Settling() {
		s.quota.Commit()
		s.budget.Commit()
	}
}
