package outcome

import (
	"encoding/json"
	"math/rand"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
)

const maxErrorCode = config.MaxJSONText

// someCodes are the values that scan looks for if no others are given.
var someCodes = []string{"invalid_client", "invalid_grant", "slow_down", "x", "y", "z", `i/"\`, strings.Repeat("x", maxErrorCode), "é", "\U0001f600", "\n"}

// tokenError returns a reader of the member "error".
func tokenError(codes ...string) *reader {
	c := config.JSONCondition{Path: []string{"error"}}
	for _, code := range append(codes, someCodes...) {
		c.Values = append(c.Values, config.JSONValue{Text: code, IsString: true})
	}
	r := new(reader)
	r.begin([]member{newMember(c)}, 1, false)
	return r
}

// code returns the value that was found, or "".
func code(r *reader) string {
	if at := r.has(0); at >= 0 {
		return r.members[0].Values[at].Text
	}
	return ""
}

// scan feeds a body in chunks of size bytes, or in one piece if size is 0.
func scan(body string, size int, codes ...string) string {
	r := tokenError(codes...)
	if size == 0 {
		size = max(len(body), 1)
	}
	for rest := body; rest != ""; {
		n := min(size, len(rest))
		if r.feed([]byte(rest[:n])) {
			break
		}
		rest = rest[n:]
	}
	r.end()
	return code(r)
}

func TestTokenError(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{`{"error":"invalid_client"}`, "invalid_client"},
		{` {
			"error_description" : "no \"error\": \"invalid_grant\"",
			"error"	:
				"invalid_client" , "x": 1 }`, "invalid_client"},
		{`{"error":"invalid_grant","error":"x"}`, "invalid_grant"},
		{`{"a":{"error":"invalid_grant"},"error":"slow_down"}`, "slow_down"},
		{`{"a":["error","invalid_grant",{"error":"invalid_client"}],"error":"slow_down"}`, "slow_down"},
		{`{"a":[[],{}],"b":{"c":[]},"error":"x"}`, "x"},
		{`{"a":"error","error":"x"}`, "x"},
		{`{"a":"\\","error":"x"}`, "x"},
		{`{"a":"\\\"","error":"x"}`, "x"},
		{`{"err\u006fr":"inv\u0061lid_grant"}`, "invalid_grant"},
		{`{"error":"\u0069\/\"\\"}`, `i/"\`},
		{`{"error":""}`, ""},
		{`{"error":"\u00e9"}`, "é"},
		{`{"error":"\ud83d\ude00"}`, "\U0001f600"},
		{`{"error":"\ude00\ud83d"}`, ""},
		{`{"error":"\ud83dx"}`, ""},
		{`{"error":"\n"}`, "\n"},
		{"\xef\xbb\xbf{\"error\":\"x\"}", "x"},
		{`{"x":null,"error":"y"}`, "y"},
		{`{"x":-1.5e3,"error":"y"}`, "y"},
		{`{"error":"` + strings.Repeat("x", maxErrorCode) + `"}`, strings.Repeat("x", maxErrorCode)},
		{`{"` + strings.Repeat("x", 1000) + `":"` + strings.Repeat("y", 1000) + `","error":"z"}`, "z"},
		{`{"error":"x"`, "x"}, // the rest does not matter

		{"", ""},
		{"{}", ""},
		{`{"Error":"invalid_grant"}`, ""},
		{`{"errors":"invalid_grant"}`, ""},
		{`{"erro":"invalid_grant"}`, ""},
		{`{"error\u0000":"invalid_grant"}`, ""},
		{`{"error":null,"x":"invalid_grant"}`, ""},
		{`{"error":1}`, ""},
		{`{"error":true,"error":"invalid_grant"}`, ""},
		{`{"error":{"error":"invalid_grant"}}`, ""},
		{`{"error":["invalid_grant"]}`, ""},
		{`{"error":{}"invalid_grant"}`, ""},
		{`{"error":[]:"invalid_grant"}`, ""},
		{`{"x":{"error":"invalid_grant"}}`, ""},
		{`[{"error":"invalid_grant"}]`, ""},
		{`["error","invalid_grant"]`, ""},
		{`"error"`, ""},
		{`"error":"invalid_grant"`, ""},
		{`{}{"error":"invalid_grant"}`, ""},
		{`}{"error":"invalid_grant"}`, ""},
		{`{"error"`, ""},
		{`{"error":"invalid_gran`, ""},
		{`{"error":"invalid_grant\`, ""},
		{`{"error":"\u00`, ""},
		{`{"error":"\u00zz"}`, ""},
		{`<html>"error":"invalid_grant"</html>`, ""},
		{`error=invalid_grant`, ""},
		{strings.Repeat(" ", maxBody) + `{"error":"invalid_grant"}`, ""},
		{`{"x":"` + strings.Repeat("x", maxBody) + `","error":"invalid_grant"}`, ""},
		{`{"x":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `,"error":"y"}`, "y"},
	} {
		for _, size := range []int{0, 1, 2, 3, 7, 1000} {
			if got := scan(row.body, size); got != row.want {
				t.Errorf("%.80q in chunks of %d has %q, want %q", row.body, size, got, row.want)
			}
		}
	}
}

// Only the exact code counts.
func TestTokenErrorLookalikes(t *testing.T) {
	for _, code := range []string{`invalid_grant\n`, `\ninvalid_grant`, `invalid_grant\u0000`, `invalid_gr\u0430nt`, `inv\u0161lid_grant`, `invalid_grant\u0100`, `invalid\ud800_grant`,
		`invalid_grant\t`, `\binvalid_grant`, "invalid_grant" + strings.Repeat("x", 100), "invalid_grant" + strings.Repeat(`\u0000`, 19),
		"invalid_grant" + strings.Repeat(`\u0000`, 20)} {
		if got := scan(`{"error":"`+code+`"}`, 0); got == "invalid_grant" {
			t.Errorf("%s is %q, which counts", code, got)
		}
	}
}

// A code that is too long to be kept is not taken for its beginning, and neither is the
// name of a member.
func TestLongTokenError(t *testing.T) {
	long := strings.Repeat("x", maxErrorCode+1)
	for _, body := range []string{`{"error":"` + long + `"}`, `{"error":"` + long[1:] + `é"}`} {
		if got := scan(body, 0); got != "" {
			t.Errorf("%s is %s", body, got)
		}
	}
	r := new(reader)
	name := strings.Repeat("x", maxErrorCode)
	r.begin([]member{newMember(config.JSONCondition{Path: []string{name}, Values: []config.JSONValue{{Text: "1"}}})}, 1, false)
	r.feed([]byte(`{"` + name + `x":1,"":1}`))
	if r.has(0) >= 0 {
		t.Error("a long name is taken for its beginning")
	}
}

func TestTokenErrorStops(t *testing.T) {
	r := tokenError()
	if r.feed([]byte(`{"error":`)) || code(r) != "" {
		t.Error("decided too early")
	}
	if !r.feed([]byte(`"x"`)) || code(r) != "x" {
		t.Error("not decided")
	}
	if !r.feed([]byte(`,"error":"y"}`)) || code(r) != "x" || r.overrun {
		t.Error("read on after it was decided")
	}
	endless := tokenError()
	chunk := []byte(strings.Repeat(" ", 1024))
	chunks := 0
	for ; !endless.feed(chunk); chunks++ {
		if chunks > maxBody {
			t.Fatal("an endless body is read for ever")
		}
	}
	if chunks != maxBody/len(chunk) || !endless.overrun {
		t.Errorf("read %d bytes", chunks*len(chunk))
	}
}

// checkTokenError compares with gjson if the body is a valid object with at most one
// "error", which is a short string of printable ASCII.
func checkTokenError(t *testing.T, body string, sizes func() int) {
	t.Helper()
	root := gjson.Parse(body)
	valid := len(body) <= maxBody && json.Valid([]byte(body)) && root.IsObject()
	errors, want := 0, ""
	if valid {
		root.ForEach(func(key, value gjson.Result) bool {
			if key.String() == "error" {
				errors++
				if value.Type == gjson.String {
					want = value.String()
				}
			}
			return true
		})
	}
	if errors > 1 || len(want) > maxErrorCode || !printable(want) {
		valid, want = false, ""
	}
	codes := []string{want}
	if want == "" {
		codes = nil
	}
	r := tokenError(codes...)
	for rest := body; rest != ""; {
		n := min(max(sizes(), 1), len(rest))
		r.feed([]byte(rest[:n]))
		rest = rest[n:]
	}
	got := code(r)
	if whole := scan(body, 0, codes...); whole != got {
		t.Fatalf("%q has %q in one piece and %q in several", body, whole, got)
	}
	if valid && got != want && (want != "" || !printable(got)) {
		t.Fatalf("%q has %q, want %q", body, got, want)
	}
}

func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// randomJSON returns a value with many occurrences of "error".
func randomJSON(random *rand.Rand, depth int) string {
	pick := func(words ...string) string { return words[random.Intn(len(words))] }
	space := func() string { return pick("", "", "", " ", "\n", "\t ") }
	str := func() string {
		return `"` + pick("error", "error", "invalid_grant", "invalid_client", "", "x", `a\"b`, `\\`, `\u0065rror`, "{", "]", ",", ":",
			`err\u006Fr`, `\/`, strings.Repeat("y", random.Intn(40))) + `"`
	}
	switch n := random.Intn(8); {
	case depth <= 0 || n < 3:
		return pick(str(), str(), str(), "1", "-0.5e+7", "true", "false", "null")
	case n < 6 || depth > 3:
		var b strings.Builder
		b.WriteString("{" + space())
		for i := random.Intn(5); i > 0; i-- {
			b.WriteString(str() + space() + ":" + space() + randomJSON(random, depth-1) + space())
			if i > 1 {
				b.WriteString("," + space())
			}
		}
		return b.String() + "}"
	}
	var b strings.Builder
	b.WriteString("[" + space())
	for i := random.Intn(4); i > 0; i-- {
		b.WriteString(randomJSON(random, depth-1) + space())
		if i > 1 {
			b.WriteString("," + space())
		}
	}
	return b.String() + "]"
}

func TestTokenErrorIsWhatJSONSays(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 20_000; i++ {
		body := randomJSON(random, 4)
		sizes := func() int { return 1 + random.Intn(12) }
		checkTokenError(t, body, sizes)
		// The same, broken somewhere.
		mutated := []byte(body)
		for n := random.Intn(3); n >= 0; n-- {
			mutated[random.Intn(len(mutated))] = `{}[]",:\ eru0`[random.Intn(13)]
		}
		checkTokenError(t, string(mutated), sizes)
	}
}

func FuzzTokenError(f *testing.F) {
	for _, seed := range []string{`{"error":"invalid_grant"}`, `{"a":{"error":"x"},"error":"y"}`, `{"\u0065rror":"\u0069"}`, `[]`, `"error"`, `{`, ``,
		`{"error" "x"}`, `{"error":1,"error":"x"}`} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, body string, size uint8) {
		checkTokenError(t, body, func() int { return int(size) })
	})
}
