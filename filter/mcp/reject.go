package mcp

import (
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

// A refusal that concerns what a caller may spend is of no use to a client that does not
// show it. Some clients end the session at any status of 400 and above (the Python SDK 1.30.0),
// and some do not read the answer with some statuses (the Go SDK 1.8.0): docs/mcp.md shows what
// each does. What concerns the credential and its scopes stays an HTTP status: clients
// authorize again on 401 and 403 alone.

// client is what a request tells of the program that sent it.
type client struct {
	// reads tells that it accepts JSON or events by name. One that does not is no client of
	// the transport that answers a request where it was sent: over HTTP+SSE (MCP 2024-11-05),
	// clients look at nothing but the status.
	reads bool
	// events tells that it accepts events and no JSON.
	events bool
	// drops tells that it ends its session at a status of 400 and above.
	drops bool
	// skims tells that it does not read the answers with some statuses, such as 429 and 503.
	skims bool
}

// clientOf reads the headers of a request.
func clientOf(headers []proxy.Header) (c client) {
	json, events := false, false
	for i := range headers {
		value := headers[i].Value
		switch headers[i].Name {
		case "accept":
			named := strings.Contains(value, "application/json")
			json = json || named || strings.Contains(value, "*/*")
			events = events || strings.Contains(value, "text/event-stream")
			c.reads = c.reads || named || events
		case "user-agent":
			c.drops = strings.HasPrefix(value, "python-httpx/")
			c.skims = strings.HasPrefix(value, "Go-http-client/")
		}
	}
	c.events = events && !json
	return c
}

// Address chooses the form in which the client is told of a refusal for a reason. to.Request
// is nil if nobody knows the id: then it stays an HTTP status, as a client drops an answer
// without the id of its request. So it does for a client that does not read it.
func (s *State) Address(to *refusal.Recipient, why refusal.Reason) {
	if s.rule == nil || to.Form != refusal.JSONRPCForm || to.Request == nil || !s.answers || !s.client.reads {
		return
	}
	switch why {
	case refusal.QuotaExceeded, refusal.OverCapacity, refusal.TierDenied, refusal.StoreUnavailable:
	default:
		return
	}
	to.Events, to.Complete = s.client.events, s.version.mirrors
	switch s.rule.room.config.RejectFormat {
	case config.RejectJSONRPC:
		to.Form = refusal.RPCErrorForm
	case config.RejectToolError:
		to.Form = s.toolForm()
	case config.RejectAuto:
		switch {
		case s.client.drops:
			to.Form = s.toolForm()
		case s.client.skims:
			to.Form = refusal.RPCErrorForm
		}
	}
}

func (s *State) toolForm() refusal.Form {
	if s.onlyCalls {
		return refusal.ToolErrorForm
	}
	return refusal.RPCErrorForm
}

// note notes what an answer to a message has to be.
func (s *State) note(m *message.Message) {
	if m.ID == "" {
		return
	}
	s.onlyCalls = m.Method == message.ToolsCall && (s.onlyCalls || !s.answers)
	s.alone, s.answers = !s.answers, true
}
