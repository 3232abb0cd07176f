package mcp

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/ascii"
)

// mirror has the headers that repeat what is in the body (MCP 2026-07-28, Transports,
// "Request Headers"). They serve to refuse a request early. Nothing is granted on them:
// the body has to say the same.
type mirror struct {
	method, name string
	// lines are how many lines each of them has.
	methods, names int
	// broken tells that the name is encoded, and cannot be decoded.
	broken bool
}

func mirrorOf(headers []proxy.Header) (m mirror) {
	for i := range headers {
		switch headers[i].Name {
		case "mcp-method":
			m.methods++
			m.method = strings.Clone(ascii.TrimBlanks(headers[i].Value))
		case "mcp-name":
			m.names++
			var ok bool
			m.name, ok = decodeName(ascii.TrimBlanks(headers[i].Value))
			m.broken = m.broken || !ok
		}
	}
	return m
}

// decodeName decodes a value that a header cannot have as it is. The markers are in small
// letters.
func decodeName(value string) (string, bool) {
	const begin, end = "=?base64?", "?="
	if !strings.HasPrefix(value, begin) || !strings.HasSuffix(value, end) || len(value) < len(begin)+len(end) {
		return strings.Clone(value), true
	}
	decoded, err := base64.StdEncoding.DecodeString(value[len(begin) : len(value)-len(end)])
	return string(decoded), err == nil
}

// isClear tells whether the headers can be read in one way only.
func (m *mirror) isClear() bool { return m.methods < 2 && m.names < 2 && !m.broken }

// repeats tells whether the headers say what the message does. A notification and a
// response need none; if they have some, those must be right.
func (m *mirror) repeats(one *message.Message) bool {
	if one.ID == "" && m.methods == 0 && m.names == 0 {
		return true
	}
	return m.methods == 1 && m.method == one.Method && (one.Name == "" && m.names == 0 || m.names == 1 && m.name == one.Name)
}
