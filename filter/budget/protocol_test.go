package budget

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/text"
)

// FuzzAnswer: whatever the service answers, credits count as reserved only if it says so with
// a JSON object, and what is told of a balance is what a strict reader reads.
func FuzzAnswer(f *testing.F) {
	for _, status := range []string{"200", "402", "409", "503", ""} {
		for _, body := range []string{"", "{}", "[]", "null", `{"left":12,"limit":100,"retry_after_seconds":60}`, `{"left":-1}`, `{"left":1e3}`, `{"left":4294967296}`, `{"left":"1"}`, `{"a":{"left":1}}`, "{", "\xff"} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status string, body []byte) {
		w := newWorker(t, "", nil)
		w.host.CallStatus, w.host.CallBody = status, string(body)
		o, b, again := w.read(reserve, len(body))
		var object map[string]json.RawMessage
		isObject := json.Unmarshal(body, &object) == nil && object != nil && len(body) <= maxAnswer
		if (o == confirmed) != (status == "200" && isObject) || (o == exceeded) != (status == "402" && isObject) || again && o != failed {
			t.Fatalf("%q %q is %d, again %v", status, body, o, again)
		}
		if b.knowsLeft {
			var n float64
			if err := json.Unmarshal(object["left"], &n); err != nil || uint32(n) != b.left && bytes.Count(body, []byte("left")) == 1 && bytes.IndexByte(body, '\\') < 0 {
				t.Fatalf("%q has %d left", body, b.left)
			}
		}
	})
}

// FuzzPayer: whatever a caller is called, the request is JSON and says the same.
func FuzzPayer(f *testing.F) {
	f.Add("acme", "ann", "pro")
	f.Add("", "", "")
	f.Add("a\"b\\c\n\x00\u2028", "日本", "<&>")
	f.Add("\xff\xfe", `","credits":0,"x":"`, "\u007f")
	f.Fuzz(func(t *testing.T, tenant, subject, tier string) {
		w := newWorker(t, "", nil)
		body := w.Rule(mcp).bodyOf(7, &caller.Identity{Tenant: tenant, Subject: subject, Tier: tier}, func(b *text.Buffer) { b.Add("[]") })
		var said struct {
			Credits  uint32
			Lifetime int64 `json:"lifetime_seconds"`
			Payer    struct{ Tenant, Subject, Tier string }
			Surface  string
			Calls    []struct{}
		}
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&said); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if said.Credits != 7 || said.Lifetime != 60 || said.Surface != "mcp" || !utf8.Valid(body) {
			t.Fatalf("%s", strconv.Quote(string(body)))
		}
		for _, pair := range [][2]string{{tenant, said.Payer.Tenant}, {subject, said.Payer.Subject}, {tier, said.Payer.Tier}} {
			if utf8.ValidString(pair[0]) && pair[0] != pair[1] {
				t.Fatalf("%q became %q", pair[0], pair[1])
			}
		}
	})
}
