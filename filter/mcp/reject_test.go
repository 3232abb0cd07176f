package mcp

import (
	"testing"

	"github.com/gatewarden/gatewarden/filter/refusal"
)

// TestForms: a refusal has the form in which the client shows it, or the one that is
// configured. What concerns credentials is always a status, and so is what nobody would read.
func TestForms(t *testing.T) {
	const (
		call, other = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}`, `{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`
		both        = "application/json, text/event-stream"
		status      = refusal.JSONRPCForm
	)
	spent, scope := refusal.QuotaExceeded, refusal.InsufficientScope
	for _, row := range []struct {
		format, body, agent, accept string
		why                         refusal.Reason
		want                        refusal.Form
		events                      bool
	}{
		{"auto", call, "curl/8.0", both, spent, status, false},
		{"auto", call, "", both, spent, status, false},
		{"auto", call, "python-httpx/0.28.1", both, spent, refusal.ToolErrorForm, false},
		{"auto", other, "python-httpx/0.28.1", both, spent, refusal.RPCErrorForm, false},
		{"auto", call, "python-httpx2/2.16.2", both, spent, status, false},
		{"auto", call, "Go-http-client/1.1", both, spent, refusal.RPCErrorForm, false},
		{"auto", call, "Go-http-client/2.0", "text/event-stream", refusal.OverCapacity, refusal.RPCErrorForm, true},
		{"auto", call, "Go-http-client/1.1", "application/json", refusal.StoreUnavailable, refusal.RPCErrorForm, false},
		{"auto", call, "Go-http-client/1.1", "", refusal.TierDenied, status, false},
		{"auto", call, "python-httpx/0.28.1", "*/*", spent, status, false},
		{"auto", call, "python-httpx/0.28.1", both, scope, status, false},
		{"auto", call, "Go-http-client/1.1", both, refusal.LockedOut, status, false},
		{"http", call, "python-httpx/0.28.1", both, spent, status, false},
		{"jsonrpc", call, "", both, spent, refusal.RPCErrorForm, false},
		{"jsonrpc", call, "", "text/event-stream, */*", spent, refusal.RPCErrorForm, false},
		{"jsonrpc", call, "", "*/*", spent, status, false},
		{"jsonrpc", call, "", both, scope, status, false},
		{"tool_error", call, "", both, spent, refusal.ToolErrorForm, false},
		{"tool_error", other, "", both, spent, refusal.RPCErrorForm, false},
		{"tool_error", call, "", "", spent, status, false},
	} {
		w := newWorker(t, `"reject_format": "`+row.format+`"`)
		var headers []string
		for name, value := range map[string]string{"user-agent": row.agent, "accept": row.accept} {
			if value != "" {
				headers = append(headers, name, value)
			}
		}
		s := w.read(row.body, headers...)
		to := refusal.Recipient{Form: refusal.JSONRPCForm, Request: []byte(row.body)}
		s.Address(&to, row.why)
		if to.Form != row.want || to.Events != row.events {
			t.Errorf("%s, %q, %q, %s: form %d, events %v; want %d, %v", row.format, row.agent, row.accept, row.why, to.Form, to.Events, row.want, row.events)
		}
	}
}
