package audit

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/text"
)

// The most bytes of each text in a line, before they are escaped.
const (
	maxMethod = 64
	maxName   = 128 // of a subject, a tenant or a tier
	maxTool   = 256
	maxID     = 128
	maxReason = 64
)

// append appends the JSON of a decision. Members without a value are left out. now is the
// time of day in milliseconds.
func (s *State) append(line *text.Buffer, d *Decision, now int64) {
	r := s.room
	line.Add(`{"time":"`)
	appendTime(line, now)
	line.Add(`","outcome":"`)
	line.Add(d.Outcome.String())
	line.Add(`"`)
	appendText(line, "surface", d.Surface, maxName)
	appendText(line, "client", r.names.Client(d.Client), maxName)
	if id := d.Identity; id.Verified {
		appendText(line, "subject", r.name(id.Subject), maxName)
		appendText(line, "tenant", r.name(id.Tenant), maxName)
		appendText(line, "tier", id.Tier, maxName)
	}
	appendText(line, "http_method", s.method, maxMethod)
	appendText(line, "method", d.Method, maxMethod)
	appendText(line, "tool", d.Tool, maxTool)
	appendNumber(line, "cost", int64(d.Cost))
	if d.Messages > 1 {
		appendNumber(line, "messages", int64(d.Messages))
	}
	appendText(line, "reason", d.Reason, maxReason)
	if d.Shadow {
		line.Add(`,"shadow":true`)
	}
	appendText(line, "request_id", s.id, maxID)
	if r.dropped > 0 {
		appendNumber(line, "dropped_before", r.dropped)
	}
	line.Add("}")
}

// name returns a name of the caller in the form that the configuration wants.
func (r *Room) name(text string) string {
	if text == "" || r.config.Identity == config.IdentityClear {
		return text
	}
	return r.names.Hash(text)
}

func appendMember(line *text.Buffer, name string) {
	line.Add(`,"`)
	line.Add(name)
	line.Add(`":`)
}

// appendText appends a member with a text, if there is one.
func appendText(line *text.Buffer, name, value string, most int) {
	if value != "" {
		appendMember(line, name)
		*line = appendString(*line, value, most)
	}
}

func appendNumber(line *text.Buffer, name string, n int64) {
	appendMember(line, name)
	line.AddInt(n)
}
