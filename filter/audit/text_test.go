package audit

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/text"
)

func TestStrings(t *testing.T) {
	for _, row := range []struct {
		text string
		most int
		want string
	}{
		{"", 9, `""`},
		{"image_generate", 99, `"image_generate"`},
		{`a"b\c/<&>`, 99, `"a\"b\\c/<&>"`},
		{"a\nb\r\t\x00\x1b[31m\x7f", 99, `"a\u000ab\u000d\u0009\u0000\u001b[31m\u007f"`},
		{"Größe €", 99, `"Gr\u00f6\u00dfe \u20ac"`},
		{"\u009b \u202e \u2028", 99, `"\u009b \u202e \u2028"`},
		{"🦉", 99, `"\ud83e\udd89"`},
		{"a\xffb\xed\xa0\x80", 99, `"a\ufffdb\ufffd\ufffd\ufffd"`},
		{"\ufffd", 99, `"\ufffd"`},
		{"abcdef", 6, `"abcdef"`},
		{"abcdefg", 6, `"abcdef\u2026"`},
		{"abcd€f", 6, `"abcd\u2026"`},
		{"abc€ef", 6, `"abc\u20ac\u2026"`},
		{"🦉🦉", 6, `"\ud83e\udd89\u2026"`},
		{"\x80\x80\x80\x80\x80\x80", 4, `"\ufffd\ufffd\ufffd\ufffd\u2026"`},
	} {
		if got := string(appendString([]byte("x"), row.text, row.most)); got != "x"+row.want {
			t.Errorf("%q is %s, want x%s", row.text, got, row.want)
		}
	}
}

// FuzzLine: whatever the texts are, a line is one JSON object of printable ASCII, it has no
// other members than those that were set, and their texts are those that went in.
func FuzzLine(f *testing.F) {
	f.Add("alice", "acme", "pro", "tools/call", "search", "GET", "id")
	f.Add("\xff\xc3", "\u2028\u202e", "\x00\x1f\x7f", `","cost":0,"x":"`, "🦉\xed\xa0\x80", "\\", "\"}\n{")
	f.Add(strings.Repeat("\x01", 999), strings.Repeat("ü", 99), strings.Repeat("€", 99), strings.Repeat("🦉", 99), strings.Repeat("\xf0", 299), "", strings.Repeat("a", 129))
	w := newWorker(f, `{"audit": {"lines_per_second": 10000}}`)
	f.Fuzz(func(t *testing.T, subject, tenant, tier, method, tool, httpMethod, id string) {
		s := State{room: w.Room, method: httpMethod, id: id}
		d := Decision{
			Outcome: config.AuditAllowed, Surface: "mcp", Client: client, Method: method, Tool: tool, Cost: 7,
			Identity: &caller.Identity{Verified: true, Subject: subject, Tenant: tenant, Tier: tier},
		}
		var line text.Buffer
		s.append(&line, &d, 0)
		if len(line) > 6*(3*(maxName+1)+2*(maxMethod+1)+maxTool+1+maxID+1)+400 {
			t.Fatalf("%d bytes", len(line))
		}
		for _, c := range line {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has %q", line, c)
			}
		}
		var got map[string]any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		want := map[string]any{"time": "1970-01-01T00:00:00.000Z", "outcome": "allowed", "surface": "mcp", "client": "192.0.2.1", "cost": 7.0}
		for _, m := range []struct {
			name, text string
			most       int
		}{
			{"subject", subject, maxName}, {"tenant", tenant, maxName}, {"tier", tier, maxName}, {"method", method, maxMethod},
			{"tool", tool, maxTool}, {"http_method", httpMethod, maxMethod}, {"request_id", id, maxID},
		} {
			if m.text != "" {
				want[m.name] = m.text
			}
			if text, is := got[m.name].(string); is != (m.text != "") || !isOf(text, m.text, m.most) {
				t.Fatalf("%s of %q: %q", m.name, m.text, text)
			}
			delete(got, m.name)
			delete(want, m.name)
		}
		if len(got) != len(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Fatalf("%s is %v, want %v", name, got[name], want[name])
			}
		}
	})
}

// isOf tells whether what was read is what encoding/json makes of a text, or its beginning.
func isOf(read, text string, most int) bool {
	whole := valid(text)
	if len(text) <= most {
		return read == whole
	}
	begin, cut := strings.CutSuffix(read, "…")
	for n := most; n > most-utf8.UTFMax; n-- {
		if cut && begin == valid(text[:n]) {
			return true
		}
	}
	return false
}

// valid is a text after encoding/json has written and read it.
func valid(text string) (read string) {
	written, err := json.Marshal(text)
	if err != nil || json.Unmarshal(written, &read) != nil {
		panic("encoding/json cannot read what it writes")
	}
	return read
}

// TestLongestLine: docs/audit.md says how long a line can be.
func TestLongestLine(t *testing.T) {
	x := strings.Repeat("\x01", 9999)
	s := State{room: newWorker(t, `{"audit": {}}`).Room, method: x, id: x}
	s.room.dropped = 1<<63 - 1
	d := Decision{
		Outcome: config.AuditInsufficientScope, Surface: strings.Repeat("s", 32), Client: netip.MustParsePrefix("2001:db8:1111:2222::/64"),
		Identity: &caller.Identity{Verified: true, Subject: x, Tenant: x, Tier: x}, Method: x, Tool: x, Cost: 1e9, Messages: 100, Reason: x, Shadow: true,
	}
	var line text.Buffer
	s.append(&line, &d, 0)
	if n := len(prefix) + 1 + len(line); n < 6000 || n > 6200 {
		t.Errorf("%d bytes", n)
	}
}
