package filter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/mcp"
)

// A request may ask, by a header, not to be limited. Who was verified and has one of
// the configured roles gets what it asks for; who was verified and has none is told
// so, because it would be limited without knowing why; and of anybody else the
// header is not worth more than any other claim.

// takeBypass removes the header that asks for the bypass, in every spelling that a
// service might read as it, and tells whether the request has it.
func (f *Filter) takeBypass(host Host, headers []Header) (asked bool) {
	name := f.config.Bypass.Header
	if name == "" {
		return false
	}
	for i := range headers {
		h := &headers[i]
		if !sameHeader(h.Name, name) {
			continue
		}
		if h.Name == name && strings.EqualFold(strings.Trim(h.Value, " \t"), "true") {
			asked = true
		}
		host.RemoveRequestHeader(h.Name)
	}
	return asked
}

// bypass decides about a request that asks not to be limited.
func (s *Stream) bypass(host Host) (why refusal, refused bool) {
	if !s.asksBypass || !s.identity.verified || s.bypassed {
		return refusal{}, false
	}
	now := host.Now()
	for _, role := range s.identity.roles {
		if slices.Contains(s.filter.config.Bypass.Roles, role) {
			s.bypassed = true
			s.charges, s.enforced = s.charges[:0], 0
			s.surface.bypasses.add(1)
			s.filter.reportBypass(host, s, role, now)
			return refusal{}, false
		}
	}
	return refusal{reason: ReasonBypassDenied, now: now}, true
}

// reportBypass reports a use.
func (f *Filter) reportBypass(host Host, s *Stream, role string, now int64) {
	if f.allowFrom(&f.bypasses, now) {
		f.write(host, appendField(f.appendIdentity(f.line("bypass", s), &s.identity), "role", strconv.Quote(role)))
	}
}

// appendIdentity appends who a request is from, in the form that the configuration
// wants of clients. A name is quoted, because there may be anything in it.
func (f *Filter) appendIdentity(b []byte, id *identity) []byte {
	for _, part := range [...]struct{ name, value string }{{"subject", id.subject}, {"tenant", id.tenant}} {
		switch {
		case part.value == "":
		case f.audit.form == config.ClientFull:
			b = appendField(b, part.name, strconv.Quote(part.value))
		default:
			b = appendField(b, part.name, strconv.FormatUint(f.table.Hash([]byte(part.value)), 16))
		}
	}
	return b
}

// bypassDenied is the reply to who has no role for it.
func (f *Filter) bypassDenied(s *surface, grpc bool, request []byte, cors []Header) *Reply {
	reply := &Reply{
		Status:  428,
		Details: ReasonBypassDenied.details(),
		GRPC:    grpcFailedPrecondition,
		// RFC 6585 section 3: a 428 must not be stored by a cache.
		Headers: append([]Header{{"cache-control", "no-store"}}, cors...),
	}
	message := "The header " + f.config.Bypass.Header + " needs a role that you do not have. Send the request without it."
	return reply.explain(s, grpc, request, explanation{
		code: mcp.CodeBypassDenied, message: message,
		data:    `{"reason":"` + string(ReasonBypassDenied) + `"}`,
		problem: `{"type":"about:blank","title":"Precondition Required","status":428,"detail":"` + message + `"}`,
	})
}
