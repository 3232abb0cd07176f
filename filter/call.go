package filter

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
)

// expectFrames prepares for a response whose body ends with the outcome. The service is
// asked not to compress it. A call whose own frames are compressed is refused, because
// then the service compresses its answer all the same.
func (s *Stream) expectFrames(headers []proxy.Header) (refused bool) {
	s.outcome.ReadFrames()
	for _, name := range request.Accepts {
		if request.Has(headers, name) {
			s.filter.host.RemoveRequestHeader(name)
		}
	}
	if !s.lockout.Counts() || !s.surface.outcome.MayFail(s.presents) || !request.CompressesFrames(headers) {
		return false
	}
	if s.surface.lockout.IsShadow() {
		s.watch(&refusal.Refusal{Reason: refusal.Malformed, Now: s.filter.host.Now()})
		return false
	}
	words := refusal.NewCompressed()
	s.refuseMalformed(words)
	return true
}

// completeReply adds the media type to a reply without a body, which Envoy does not let
// have one before.
func (s *Stream) completeReply() {
	if s.recipient.Form.IsWeb() {
		s.filter.host.AddResponseHeader("content-type", s.recipient.Form.MediaType())
	}
}
