package filter

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// onceConfig has an API and a login where the same failure counts once, and an API where
// each one counts.
const onceConfig = `{"surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 9, "repeats": "once"}},
	{"name": "login", "kind": "login", "match": [{"path": "/login"}], "lockout": {"failures": 9, "repeats": "once"}},
	{"name": "each", "kind": "api", "match": [{"prefix": "/each"}], "lockout": {"failures": 9}}]}`

// TestGuessInAccessLog plays scripts: "credential path status", as in TestAccepted. The
// letters name what the access log has of the guesses, in their order; a request that
// tells none has a dash.
func TestGuessInAccessLog(t *testing.T) {
	for _, row := range []struct{ name, json, script, want string }{
		{"the same one, and another one", onceConfig, "x /api 401, x /api/2?q=1 401, y /api 401, x /api 401", "aaba"},
		{"failures alone", onceConfig, "x /api 200, x /api 404, x /api 401, - /api 401", "--a-"},
		{"a credential in another place", onceConfig, "x /api 401, key:x /api 401", "ab"},
		{"where the body signs in", onceConfig, "- /login 401, - /login 401, - /login?q=1 401", "aab"},
		{"where each failure counts", onceConfig, "x /each 401, x /each 401", "--"},
		{"in shadow mode", strings.ReplaceAll(onceConfig, `"once"`, `"once", "mode": "shadow"`), "x /api 401, x /api 401", "aa"},
		{"during a lockout in shadow mode", strings.ReplaceAll(onceConfig, `9, "repeats": "once"`, `1, "repeats": "once", "mode": "shadow"`), "x /api 401, y /api 401, x /api 401", "aba"},
		{"a rule that is off", strings.ReplaceAll(onceConfig, `"once"`, `"once", "mode": "off"`), "x /api 401", "-"},
		{"a client that is never locked out", strings.Replace(onceConfig, "{", `{"client": {"allow": ["192.0.2.0/24"]}, `, 1), "x /api 401", "-"},
		{"what the gate refuses", `{"identity": [{"source": "headers", "subject": "x-user"}], "surfaces": [
			{"name": "api", "kind": "api", "require": true, "match": [{"prefix": "/api"}], "lockout": {"repeats": "once"}}]}`,
			"x /api 200, x /api 200, y /api 200, - /api 200", "aab-"},
	} {
		f, host := newFilter(t, row.json)
		letters, got := map[string]string{}, ""
		for _, step := range strings.Split(row.script, ", ") {
			words := strings.Fields(step)
			before := len(host.Guesses)
			exchange(f, host, append(get(words[1]), presenting(words[0])...), hdr(":status", words[2]))
			told := host.Guesses[before:]
			if len(told) > 1 {
				t.Errorf("%s, %s: the access log is told %d times", row.name, step, len(told))
			}
			got += letter(letters, strings.Join(told, " "))
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// letter names a text by a letter, the first one by "a"; the empty one by a dash.
func letter(letters map[string]string, text string) string {
	if text == "" {
		return "-"
	}
	if letters[text] == "" {
		letters[text] = string(rune('a' + len(letters)))
	}
	return letters[text]
}

// The access log has a hash under the installation's key: neither a secret nor the name of
// a counter.
func TestGuessInAccessLogIsAHash(t *testing.T) {
	f, host := newFilter(t, onceConfig)
	exchange(f, host, append(get("/api"), presenting("secret")...), hdr(":status", "401"))
	if len(host.Guesses) != 1 || !regexp.MustCompile(`^[0-9a-f]{1,16}$`).MatchString(host.Guesses[0]) {
		t.Fatalf("%q", host.Guesses)
	}
	other, elsewhere := newFilter(t, onceConfig)
	*other = *New(other.config, elsewhere, [16]byte{1})
	exchange(other, elsewhere, append(get("/api"), presenting("secret")...), hdr(":status", "401"))
	if host.Guesses[0] == elsewhere.Guesses[0] {
		t.Error("two installations write the same hash")
	}
}

// If the body is incomplete before the response, the guess is not known, and the access
// log has none.
func TestGuessInAccessLogOfHalfABody(t *testing.T) {
	for _, row := range []struct {
		ends bool
		want int
	}{{true, 1}, {false, 0}} {
		f, host := newFilter(t, onceConfig)
		host.Request, host.RequestData = hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded"), []byte("user=a&password=b")
		host.Response = hdr(":status", "401")
		s := f.NewStream()
		if s.RequestHeaders(false) != proxy.Continue || s.RequestBody(len(host.RequestData), row.ends) != proxy.Continue {
			t.Fatal("the request is held")
		}
		s.ResponseHeaders(true)
		s.Done()
		if got := len(host.Guesses); got != row.want {
			t.Errorf("the body ended: %t, told %d times", row.ends, got)
		}
	}
}
