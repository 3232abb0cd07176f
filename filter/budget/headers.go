package budget

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/text"
)

// The fields of draft-ietf-httpapi-ratelimit-headers-10. Both are lists: these lines stand
// beside those of quotas and of the service. The window is the quota service's business, so
// the policy has none.
const (
	rateLimitPolicy = "ratelimit-policy"
	rateLimit       = "ratelimit"
	exposedFields   = "RateLimit-Policy"
)

// Exposed lists the header fields of the room, which pages of other origins may read: "" if
// there is no quota service.
func (r *Room) Exposed() string {
	if r.config == nil {
		return ""
	}
	return exposedFields
}

// Headers returns the fields that tell how the budget stands, as far as the service tells
// that. In shadow mode there are none.
func (s *State) Headers() (list proxy.Headers) {
	if !s.balance.knowsLeft || s.IsShadow() {
		return nil
	}
	name := text.Join(`"`, s.rule.room.config.Name, `"`)
	if s.balance.knowsLimit {
		list.Add(rateLimitPolicy, text.Join(name, ";q=", text.Int(int64(s.balance.limit)), `;qu="credits"`))
	}
	item := text.Join(name, ";r=", text.Int(int64(s.balance.left)))
	if s.balance.seconds > 0 {
		item = text.Join(item, ";t=", text.Int(s.balance.seconds))
	}
	list.Add(rateLimit, item)
	return list
}

// AddHeaders adds these fields to a response of the service.
func (s *State) AddHeaders(origin refusal.Origin) {
	list := s.Headers()
	if len(list) == 0 {
		return
	}
	p := s.rule.room.ports
	for _, h := range list {
		p.AddResponseHeader(h.Name, h.Value)
	}
	if origin.Named && p.ResponseHeader("access-control-allow-origin") != "" {
		p.AddResponseHeader(refusal.ExposeHeaders, "RateLimit, "+exposedFields)
	}
}
