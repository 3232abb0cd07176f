package mcp

import (
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

// TestFlaws: what is refused, with which status and code, and whether the refusal can have
// the id of the request.
func TestFlaws(t *testing.T) {
	w := newWorker(t, `"max_body": 16384, "tools": [{"name": "t", "scopes": [], "cost": 1, "arguments": [{"argument": "n", "max_count": 2}]}]`)
	batch := `[` + strings.Repeat(`{"method":"notifications/x"},`, message.MaxBatch) + ping + `]`
	for _, row := range []struct {
		body         string
		headers      []string
		flaw         flaw
		status, code int
		named        bool
	}{
		{ping, nil, sound, 0, 0, true},
		{ping, []string{"content-type", "Application/JSON ; Charset=\"UTF-8\""}, sound, 0, 0, true},
		{ping, []string{"content-encoding", "Identity"}, sound, 0, 0, true},
		{ping, []string{"content-length", "16384"}, sound, 0, 0, true},

		{ping, []string{"content-type", "text/plain"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", ""}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/json-rpc"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/json; charset=utf-16"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/json; charset=utf-8; charset=utf-7"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/json; x=utf-8"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/json, text/plain"}, flawType, 415, -32600, true},
		{ping, []string{"content-type", "application/grpc"}, flawType, 415, -32600, true},
		{ping, []string{"content-encoding", "gzip"}, flawEncoding, 415, -32600, true},
		{ping, []string{"content-encoding", "identity, gzip"}, flawEncoding, 415, -32600, true},
		{ping, []string{"content-length", "16385"}, flawSize, 413, -32600, true},

		{ping, []string{"mcp-protocol-version", "2025-11-25"}, sound, 0, 0, true},
		{ping, []string{"mcp-protocol-version", "2024-11-05"}, sound, 0, 0, true},
		{ping, []string{"mcp-protocol-version", " 2025-06-18\t"}, sound, 0, 0, true},
		{ping, []string{"mcp-protocol-version", "1.0", "mcp-method", "ping"}, sound, 0, 0, true},
		{ping, []string{"mcp-protocol-version", "v999_0", "mcp-method", "tools/call"}, flawMirror, 400, -32020, true},
		{ping, []string{"mcp-protocol-version", "DRAFT-2026"}, flawMirror, 400, -32020, true},
		{`[` + ping + `]`, []string{"mcp-protocol-version", "1.0", "mcp-method", "ping"}, flawBatch, 400, -32600, true},
		{ping, []string{"mcp-protocol-version", ""}, flawVersion, 400, -32600, true},
		{ping, []string{"mcp-protocol-version", "2025-11-25 2025-11-25"}, flawVersion, 400, -32600, true},
		{ping, []string{"mcp-protocol-version", "2025-11-25, 2025-11-25"}, flawVersion, 400, -32600, true},
		{ping, []string{"mcp-protocol-version", "2025-11-25", "mcp-protocol-version", "2025-11-25"}, flawVersion, 400, -32600, true},

		{``, nil, flawJSON, 400, -32700, false},
		{`hello`, nil, flawJSON, 400, -32700, false},
		{ping + ping, nil, flawJSON, 400, -32700, false},
		{"\xef\xbb\xbf" + ping, nil, flawJSON, 400, -32700, false},
		{`{"id":1,"method":"` + "\xff" + `"}`, nil, flawJSON, 400, -32700, false},
		{`{"id":1,"id":2,"method":"ping"}`, nil, flawAmbiguous, 400, -32600, false},
		{`{"id":1,"method":"ping","Method":"tools/call"}`, nil, flawAmbiguous, 400, -32600, false},
		{`7`, nil, flawMessage, 400, -32600, false},
		{`{"id":1}`, nil, flawMessage, 400, -32600, false},
		{`[]`, nil, flawMessage, 400, -32600, false},
		{`[` + ping + `]`, nil, sound, 0, 0, true},
		{`[` + ping + `]`, []string{"mcp-protocol-version", "2025-03-26"}, sound, 0, 0, true},
		{`[` + ping + `]`, []string{"mcp-protocol-version", "2025-06-18"}, flawBatch, 400, -32600, true},
		{`[` + ping + `]`, []string{"mcp-protocol-version", "2026-07-28"}, flawBatch, 400, -32600, true},
		{batch, nil, flawMany, 400, -32600, true},
		{`[` + ping + `,` + ping + `]`, nil, flawID, 400, -32600, true},
		{`{"id":1,"method":"tools/call"}`, nil, flawName, 400, -32602, true},
		{`{"id":1,"method":"resources/read","params":{"name":"x"}}`, nil, flawName, 400, -32602, true},
		{call("1", "t", `{"n":1,"N":2}`), nil, flawArgument, 400, -32602, true},
		{`[` + call("1", "t", `{}`) + `,` + call("2", "t", `{"n":1,"N":2}`) + `]`, nil, flawArgument, 400, -32602, true},

		{ping, []string{"mcp-protocol-version", "2026-07-28"}, flawMirror, 400, -32020, true},
		{ping, []string{"mcp-protocol-version", "2026-07-28", "mcp-method", "ping"}, sound, 0, 0, true},
	} {
		s := w.read(row.body, row.headers...)
		if s.flaw != row.flaw || s.NamesID() != row.named || s.Awaits() {
			t.Errorf("%.80s %q: flaw %d, names the id: %v", row.body, row.headers, s.flaw, s.NamesID())
		}
		why, refused := s.Check()
		if refused != (row.flaw != sound) || refused && why != (refusal.Refusal{Reason: refusal.Malformed, Now: w.host.Time}) {
			t.Errorf("%.80s %q: %+v %v", row.body, row.headers, why, refused)
		}
		if !refused {
			continue
		}
		words := s.Words(&why)
		if words.Status != row.status || words.Code != row.code || words.GRPC != refusal.GRPCInvalidArgument || (words.AcceptEncoding == "identity") != (row.flaw == flawEncoding) {
			t.Errorf("%.80s %q: says %+v", row.body, row.headers, words)
		}
	}
}

// TestFaults: each flaw has words of its own, none of which needs escaping in JSON.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for i := sound + 1; int(i) < len(faults); i++ {
		f := faults[i]
		if f.status < 400 || f.code == 0 || f.title == "" || f.message == "" || seen[f.message] || strings.ContainsAny(f.message, "\"\\\n") {
			t.Errorf("flaw %d: %+v", i, f)
		}
		seen[f.message] = true
	}
	if len(faults) != int(flawArgument)+1 || jsonrpc.CodeHeaderMismatch != -32020 {
		t.Error("a flaw has no words")
	}
}

// TestTooLarge: a body whose length nobody told is refused once it is too long.
func TestTooLarge(t *testing.T) {
	s := newWorker(t, `"max_body": 1024`).begin()
	if s.MaxBody() != 1024 || !s.Awaits() {
		t.Fatalf("awaits %v, up to %d bytes", s.Awaits(), s.MaxBody())
	}
	whole := strings.Replace(ping, "{", "{"+strings.Repeat(" ", 1024-len(ping)), 1)
	if s.Read([]byte(whole)); s.flaw != sound {
		t.Errorf("%d bytes are too many", len(whole))
	}
	s = newWorker(t, `"max_body": 1024`).begin()
	if s.Read([]byte(whole + " ")); s.flaw != flawSize || !s.NamesID() {
		t.Errorf("one byte more: flaw %d", s.flaw)
	}
	s = newWorker(t, `"max_body": 1024`).begin()
	s.TooLarge()
	if why, refused := s.Check(); !refused || s.Awaits() || s.Words(&why).Status != 413 {
		t.Errorf("refused %v: %+v", refused, s.Words(&why))
	}
}

// TestMirrors: headers have to say what the body does where the version has them.
func TestMirrors(t *testing.T) {
	const (
		tool     = `{"id":1,"method":"tools/call","params":{"name":"Größe"}}`
		resource = `{"id":1,"method":"resources/read","params":{"uri":"file:///x y"}}`
		note     = `{"method":"notifications/x"}`
		response = `{"id":1,"result":{}}`
	)
	w := newWorker(t, ``)
	for _, row := range []struct {
		body    string
		headers []string
		right   bool
	}{
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "Größe"}, true},
		{tool, []string{"mcp-method", " tools/call\t", "mcp-name", "=?base64?R3LDtsOfZQ==?="}, true},
		{tool, []string{"mcp-method", "tools/call"}, false},
		{tool, []string{"mcp-name", "Größe"}, false},
		{tool, nil, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "größe"}, false},
		{tool, []string{"mcp-method", "tools/list", "mcp-name", "Größe"}, false},
		{tool, []string{"mcp-method", "Tools/Call", "mcp-name", "Größe"}, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "Größe", "mcp-name", "Größe"}, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-method", "tools/call", "mcp-name", "Größe"}, false},
		{tool, []string{"mcp-method", "tools/call, tools/list", "mcp-name", "Größe"}, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "=?BASE64?R3LDtsOfZQ==?="}, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "=?base64?R3LDtsOfZQ?="}, false},
		{tool, []string{"mcp-method", "tools/call", "mcp-name", "=?base64?="}, false},
		{tool, []string{"mcp-method", "=?base64?dG9vbHMvY2FsbA==?=", "mcp-name", "Größe"}, false},
		{resource, []string{"mcp-method", "resources/read", "mcp-name", "file:///x y"}, true},
		{resource, []string{"mcp-method", "resources/read"}, false},
		{ping, []string{"mcp-method", "ping"}, true},
		{ping, []string{"mcp-method", "ping", "mcp-name", ""}, true},
		{ping, []string{"mcp-method", "ping", "mcp-name", "x"}, false},
		{note, nil, true},
		{note, []string{"mcp-method", "notifications/x"}, true},
		{note, []string{"mcp-method", "ping"}, false},
		{note, []string{"mcp-name", "x"}, false},
		{response, nil, true},
		{response, []string{"mcp-method", "ping"}, false},
	} {
		s := w.read(row.body, append([]string{"mcp-protocol-version", "2026-07-28"}, row.headers...)...)
		if right := s.flaw == sound; right != row.right || !right && s.flaw != flawMirror {
			t.Errorf("%s %q: flaw %d", row.body, row.headers, s.flaw)
		}
		if w.read(row.body, append([]string{"mcp-protocol-version", "2025-11-25"}, row.headers...)...).flaw != sound {
			t.Errorf("%s %q: refused in a version without these headers", row.body, row.headers)
		}
	}
}

// TestEarly: before the body was read, a request needs what its headers say, and from then
// on what the body does.
func TestEarly(t *testing.T) {
	w := newWorker(t, `"tiers": ["pro"], "methods": [{"method": "tools/call", "scopes": ["call"]}, {"method": "ping", "scopes": ["ping"]}],
		"tools": [{"name": "t", "scopes": ["t"], "tier": "pro", "cost": 5}, {"name": "u", "scopes": []}]`)
	headers := []string{"mcp-protocol-version", "2026-07-28", "mcp-method", "tools/call", "mcp-name", "t"}
	s := w.begin(headers...)
	if !s.Awaits() || strings.Join(s.Scopes(), " ") != "call t" || !s.NeedsTier() || s.Cost() != 0 {
		t.Errorf("early: %q %+v", s.Scopes(), s.View())
	}
	if s.Read([]byte(call("1", "t", "{}"))); strings.Join(s.Scopes(), " ") != "call t" || s.View() != (View{5, "pro"}) {
		t.Errorf("afterwards: %q %+v", s.Scopes(), s.View())
	}
	if s = w.read(call("1", "u", "{}"), headers...); s.flaw != flawMirror || s.NeedsTier() || len(s.Scopes()) > 0 {
		t.Errorf("another call: flaw %d, %q", s.flaw, s.Scopes())
	}
	if s = w.begin(append(headers, "mcp-name", "u")...); s.flaw != flawMirror || s.Awaits() || len(s.Scopes()) > 0 {
		t.Errorf("two names: flaw %d, needs %q", s.flaw, s.Scopes())
	}
	if s = w.begin("mcp-method", "tools/call", "mcp-name", "t"); len(s.Scopes()) > 0 || s.NeedsTier() {
		t.Errorf("a version without these headers needs %q", s.Scopes())
	}
}
