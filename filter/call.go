package filter

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
)

// expectFrames prepares for a response whose body ends with the outcome. It asks the
// service not to compress it. It refuses a call with compressed frames, because the
// service would compress its response anyway.
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
	s.refuseMalformed(refusal.NewCompressed())
	return true
}

// completeReply adds the media type to a reply without a body, which Envoy does not let
// have one before.
func (s *Stream) completeReply() {
	if s.recipient.Form.IsWeb() {
		s.filter.host.AddResponseHeader("content-type", s.recipient.Form.MediaType())
	}
}
