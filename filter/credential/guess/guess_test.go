package guess

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

var hasher = table.New(fakehost.New(), fakehost.Seed, 16)

// named returns the guess of a body that comes in pieces of the given size. kind is "form",
// the boundary of multipart, or "" for all else.
func named(kind, body string, piece int) caller.Guess {
	r := &Reader{}
	r.Begin(hasher)
	r.Part("/login")
	switch kind {
	case "":
	case "form":
		r.Form()
	default:
		if !r.Multipart(kind) {
			return caller.Guess{}
		}
	}
	for rest := []byte(body); len(rest) > 0; {
		n := min(piece, len(rest))
		r.Feed(rest[:n])
		rest = rest[n:]
	}
	return r.End()
}

const long = 1 << 20

const csrf = "csrfmiddlewaretoken"

// Bodies of one row are the same guess, those of different rows are not. A guess that is
// not known is a row of its own.
func TestSame(t *testing.T) {
	multipart := func(boundary string) string {
		return "--" + boundary + "\r\ncontent-disposition: form-data; name=\"password\"\r\n\r\n--" + "x-x\r\n--" + boundary + "--\r\n"
	}
	seen := map[caller.Guess]int{}
	for i, row := range [][][2]string{
		{{"", `{"password":"x"}`}},
		{{"", `{"password":"y"}`}},
		{{"", `{"password": "x"}`}},
		{{"", ""}, {"form", ""}, {"b", ""}},
		{{"form", "user=a&password=x"}},
		{{"form", "user=a&password=y"}},
		{{"form", "password=x&user=a"}},
		{{"form", "user=a&password=x&"}},
		{{"form", csrf + "=1&password=x"}, {"form", csrf + "=2%2F-_.~%3D=&password=x"}, {"form", csrf + "=&password=x"}},
		{{"form", csrf + "&password=x"}},
		{{"form", csrf + "=1&password=y"}},
		{{"form", "password=x&" + csrf + "=1"}, {"form", "password=x&" + csrf + "=2"}},
		{{"form", "a&_csrf=1&_token=2&b="}, {"form", "a&_csrf=3&_token=4&b="}},
		{{"form", csrf + "x=1"}},
		{{"form", csrf + "x=2"}},
		{{"form", "%63srf_token=1"}},
		{{"form", "%63srf_token=2"}},
		{{"form", "a=" + csrf + "=1"}},
		{{"form", "a=" + csrf + "=2"}},
		{{"form", strings.Repeat("n", 40) + "=1"}},
		{{"form", strings.Repeat("n", 40) + "=2"}},
		{{"form", strings.Repeat("n", 32) + csrf + "=2"}},
		{{"", csrf + "=1"}},
		{{"", csrf + "=2"}},
		{{"WebKit1", multipart("WebKit1")}, {"----WebKit2", multipart("----WebKit2")}, {"a_.b-", multipart("a_.b-")}},
		{{"b", strings.Replace(multipart("b"), "x-x", "x-y", 1)}},
		{{"b", "--b-x"}, {"c-x", "--c-x-x"}},
		{{"b", "\r\n--b\r\n"}},
		{{"b", "x--b\r\n"}},
		{{"b", "--c"}},
		{{"b", "-"}},
		// Not known: a token that could be something else, a NUL that could be a
		// boundary, and what is too long.
		{{"form", csrf + `={"password":"x"}`}, {"form", csrf + "=a;password=x"}, {"form", csrf + "=" + strings.Repeat("t", maxToken+1)},
			{"b", "--\x00"}, {"", strings.Repeat("x", maxBody+1)}, {"a=b", ""}, {"a%b", ""}, {"a b", ""}, {`a"`, ""}, {"a&b", ""}},
	} {
		var first caller.Guess
		for j, body := range row {
			got := named(body[0], body[1], long)
			if j == 0 {
				first = got
				if other, found := seen[got]; found {
					t.Errorf("row %d is the same as row %d", i, other)
				}
				seen[got] = i
			}
			if got != first {
				t.Errorf("row %d: %q is another guess than %q", i, clip(body[1]), clip(row[0][1]))
			}
		}
	}
	if at, found := seen[caller.Guess{}]; !found || at != len(seen)-1 {
		t.Error("the last row is known")
	}
}

func clip(s string) string { return s[:min(len(s), 60)] }

// Parts are told apart from each other and from the body.
func TestParts(t *testing.T) {
	seen := map[caller.Guess]string{}
	for _, parts := range []string{"|", "a|", "|a", "a|b", "ab|", "|ab", strings.Repeat("x", 255) + "|", strings.Repeat("x", 256) + "|", strings.Repeat("x", 512) + "|"} {
		for _, body := range []string{"", "a", "\x00\x00\x00\x00"} {
			r := &Reader{}
			r.Begin(hasher)
			for _, part := range strings.Split(parts, "|") {
				r.Part(part)
			}
			r.Feed([]byte(body))
			got, name := r.End(), parts+" body "+body
			if before, found := seen[got]; found {
				t.Errorf("%q is the same as %q", name, before)
			}
			seen[got] = name
		}
	}
}

// A Reader that has read a request before reads the next as if it were new, and allocates
// nothing.
func TestReuse(t *testing.T) {
	r := &Reader{}
	read := func() caller.Guess {
		r.Begin(hasher)
		r.Multipart("b")
		r.Feed([]byte("--b\r\nx"))
		return r.End()
	}
	want := read()
	r.Begin(hasher)
	r.Form()
	r.Feed([]byte(csrf + "=;"))
	r.End()
	if got := read(); got != want {
		t.Error("another guess")
	}
	if n := testing.AllocsPerRun(10, func() { read() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzForm: two forms are one guess if and only if they differ in nothing but the values of
// tokens, however they come in pieces.
func FuzzForm(f *testing.F) {
	for _, seed := range [][2]string{
		{"user=a&password=x", "user=a&password=y"}, {csrf + "=1&p=x", csrf + "=2&p=x"}, {csrf + "=1&p=x", "p=x&" + csrf + "=2"},
		{csrf + "=1;", csrf + "=1;"}, {"_csrf=&_csrf", "_csrf&_csrf="}, {"a&&b", "a&b"}, {"__RequestVerificationToken=a=b", "__RequestVerificationToken=ab"},
		{strings.Repeat("a", 31) + "=1", strings.Repeat("a", 32) + "=1"}, {"&_token=1", "_token=1"},
	} {
		f.Add(seed[0], seed[1], 1)
	}
	f.Fuzz(func(t *testing.T, a, b string, piece int) {
		if len(a) > 2000 || len(b) > 2000 {
			return
		}
		one, two := named("form", a, long), named("form", b, long)
		if again := named("form", a, 1+max(piece, 0)%300); again != one {
			t.Errorf("%q is another guess in pieces", a)
		}
		wantA, okA := withoutTokens(a)
		wantB, okB := withoutTokens(b)
		if okA != one.IsKnown() || okB != two.IsKnown() {
			t.Errorf("%q is known: %v, %q: %v", a, one.IsKnown(), b, two.IsKnown())
		}
		if okA && okB && (one == two) != (wantA == wantB) {
			t.Errorf("%q and %q are the same: %v", a, b, one == two)
		}
	})
}

// withoutTokens cuts the values of tokens out of a form, in another way.
func withoutTokens(form string) (rest string, ok bool) {
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if _, found := strings.CutPrefix(pair, name+"="); !found || !isToken(name) {
			continue
		}
		if len(value) > maxToken || strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/%=") != "" {
			return "", false
		}
		for _, c := range []byte(value) {
			if !isTokenByte(c) {
				return "", false
			}
		}
		pairs[i] = name + "="
	}
	return strings.Join(pairs, "&"), true
}

// FuzzHidden: no two bodies that are one guess differ in a secret, also to a service that
// reads them as something else than they are labelled.
func FuzzHidden(f *testing.F) {
	for _, seed := range [][2]string{
		{"form", `{"user":"a","password":"%"}`}, {"form", `{"a":"&_csrf=","password":"%"}`}, {"form", "<a>&_csrf=<p>%</p>"},
		{"form", "_csrf=1;password=%"}, {"form", "_csrf=1&password=%"}, {"form", "_csrf=%"}, {"form", "_csrf=1\npassword=%"},
		{"b", "--b\r\n%"}, {"b%", "--b%\r\nx\r\n--b%--\r\n"}, {"b&password=%", "--b&password=%\r\n"}, {`"%"`, `--"%"`},
	} {
		f.Add(seed[0], seed[1], "x", "y")
	}
	f.Fuzz(func(t *testing.T, kind, body, a, b string) {
		if len(kind)+len(body)+len(a)+len(b) > 1000 {
			return
		}
		with := func(s, secret string) string { return strings.ReplaceAll(s, "%", secret) }
		one, two := with(body, a), with(body, b)
		guess := named(with(kind, a), one, long)
		if one == two || !guess.IsKnown() || guess != named(with(kind, b), two, long) {
			return
		}
		if json.Valid([]byte(one)) {
			t.Errorf("%q and %q, as JSON", one, two)
		}
		if !slices.Equal(secrets(one), secrets(two)) {
			t.Errorf("%q and %q, as forms", one, two)
		}
	})
}

// secrets lists the values of a form that are no tokens.
func secrets(form string) (list []string) {
	for _, pair := range strings.FieldsFunc(form, func(c rune) bool { return c == '&' || c == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		if value, err := url.QueryUnescape(value); err == nil && !isToken(name) {
			list = append(list, value)
		}
	}
	return list
}
