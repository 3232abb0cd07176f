package audit

import (
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/report"
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
func (s *State) append(line report.Line, d *Decision, now int64) report.Line {
	r := s.room
	line = appendTime(append(line, `{"time":"`...), now)
	line = append(append(append(line, `","outcome":"`...), d.Outcome.String()...), '"')
	line = appendText(line, "surface", d.Surface, maxName)
	line = appendText(line, "client", r.names.Client(d.Client), maxName)
	if id := d.Identity; id.Verified {
		line = appendText(line, "subject", r.name(id.Subject), maxName)
		line = appendText(line, "tenant", r.name(id.Tenant), maxName)
		line = appendText(line, "tier", id.Tier, maxName)
	}
	line = appendText(line, "http_method", s.method, maxMethod)
	line = appendText(line, "method", d.Method, maxMethod)
	line = appendText(line, "tool", d.Tool, maxTool)
	line = appendNumber(line, "cost", int64(d.Cost))
	if d.Messages > 1 {
		line = appendNumber(line, "messages", int64(d.Messages))
	}
	line = appendText(line, "reason", d.Reason, maxReason)
	if d.Shadow {
		line = append(line, `,"shadow":true`...)
	}
	line = appendText(line, "request_id", s.id, maxID)
	if r.dropped > 0 {
		line = appendNumber(line, "dropped_before", r.dropped)
	}
	return append(line, '}')
}

// name returns a name of the caller in the form that the configuration wants.
func (r *Room) name(text string) string {
	if text == "" || r.config.Identity == config.IdentityClear {
		return text
	}
	return r.names.Hash(text)
}

func appendMember(line report.Line, name string) report.Line {
	return append(append(append(line, `,"`...), name...), `":`...)
}

// appendText appends a member with a text, if there is one.
func appendText(line report.Line, name, text string, most int) report.Line {
	if text == "" {
		return line
	}
	return appendString(appendMember(line, name), text, most)
}

func appendNumber(line report.Line, name string, n int64) report.Line {
	return strconv.AppendInt(appendMember(line, name), n, 10)
}
