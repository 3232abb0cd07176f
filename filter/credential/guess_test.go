package credential

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

var guessPlaces = &config.Credentials{
	Headers: []string{"authorization", "x-api-key"}, Cookies: []string{"session", "sid"}, Query: []string{"access_token"},
	WebSocketProtocols: []string{"bearer."},
}

func appendGuess(headers ...string) string {
	return string(New(guessPlaces).AppendGuess(nil, fakehost.Headers(headers...)))
}

// Requests of one row are the same guess, those of different rows are not.
func TestAppendGuess(t *testing.T) {
	seen := map[string]int{}
	for i, row := range [][][]string{
		{{}, {"x-other", "t"}, {"cookie", "other=t"}, {"authorization", "Bearer"}, {":path", "/x?page=1"}, {"authorization", "Bearer undefined"}, {"cookie", `a="t"`}, {"sec-websocket-protocol", "chat"}},
		{{"authorization", "Bearer t"}, {"authorization", "Bearer t", "cookie", "other=1"}, {"authorization", "Bearer t", ":path", "/x?page=1;2"}},
		{{"authorization", "Bearer u"}},
		{{"authorization", "Basic t"}},
		{{"x-api-key", "Bearer t"}},
		{{"authorization", "Bearer t", "x-api-key", "1"}},
		{{"authorization", "Bearer t", "x-api-key", "2"}},
		{{"authorization", "Bearer t", "authorization", "Bearer u"}},
		{{"cookie", "session=t"}, {"cookie", "a=1; session=t; b=2"}, {"cookie", "b=3;session=t"}, {"cookie", "a=1", "cookie", "session=t"}},
		{{"cookie", "sid=t"}},
		{{"cookie", "session=t; session=1"}},
		{{"cookie", "session=t; session=2"}},
		{{"cookie", "session=t; sid=1"}},
		{{"cookie", "session=t; sid=2"}},
		{{"cookie", `session="t;1"`}},
		{{"cookie", `session="t;2"`}},
		{{"cookie", `session=t; a="1"`}},
		{{"cookie", `session=t, session=2`}},
		{{":path", "/x?access_token=t"}, {":path", "/y?access_token=t"}, {":path", "/x?page=1&access_token=t&b=2"}},
		{{":path", "/x?access_token=t&access_token=1"}},
		{{":path", "/x?access_token=t&access_token=2"}},
		{{":path", "/x?access_token=t;1"}},
		{{":path", "/x?access_token=t;2"}},
		{{":path", "/x?access_token=t&Access_Token=1"}},
		{{":path", "/x?access_token=t&Access_Token=2"}},
		{{":path", "/x?access_token=t&access_token[]=2"}},
		{{"cookie", `session="t`, "cookie", "1", "cookie", `"`}},
		{{"cookie", `session="t`, "cookie", "2", "cookie", `"`}},
		{{"sec-websocket-protocol", "bearer.", "sec-websocket-protocol", "1"}},
		{{"sec-websocket-protocol", "bearer.", "sec-websocket-protocol", "2"}},
		{{"sec-websocket-protocol", "chat, bearer.t"}},
		{{"sec-websocket-protocol", "chat, bearer.t, 2"}},
	} {
		for j, headers := range row {
			got := appendGuess(headers...)
			if first := appendGuess(row[0]...); got != first {
				t.Errorf("row %d: %q is another guess than %q", i, headers, row[0])
			}
			if other, found := seen[got]; found && j == 0 {
				t.Errorf("row %d is the same guess as row %d", i, other)
			}
			seen[got] = i
		}
	}
	if appendGuess() != "" {
		t.Error("a request without a credential has a guess")
	}
}

// FuzzAppendGuess: two cookies or queries that are one guess are the same to services.
func FuzzAppendGuess(f *testing.F) {
	for _, seed := range [][2]string{
		{"session=t; session=u", "session=t"}, {`session="a;b"`, `session="a;c"`}, {"access_token=t;u", "access_token=t"},
		{"access_token=t&access_token=u", "access_token=t"}, {"a=1&access_token=t", "access_token=t&a=2"}, {"session=t;a=1", "session=t;a=2"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if guess := appendGuess("cookie", a); guess != "" && guess == appendGuess("cookie", b) {
			for _, name := range guessPlaces.Cookies {
				if one, two := cookiesOf(a, name), cookiesOf(b, name); one != two {
					t.Errorf("%q has %q, %q has %q", a, one, b, two)
				}
			}
		}
		if guess := appendGuess(":path", "/?"+a); guess != "" && guess == appendGuess(":path", "/?"+b) {
			if one, two := paramsOf(a), paramsOf(b); one != two {
				t.Errorf("%q has %q, %q has %q", a, one, b, two)
			}
		}
	})
}

// cookiesOf returns the values of a cookie as Go reads them.
func cookiesOf(field, name string) (all string) {
	r := http.Request{Header: http.Header{"Cookie": {field}}}
	for _, c := range r.CookiesNamed(name) {
		all += c.Value + "\n"
	}
	return all
}

// paramsOf returns the values of the parameter, of those who separate pairs in either way.
func paramsOf(query string) (all string) {
	query, _, _ = strings.Cut(query, "#")
	for _, pair := range strings.Split(strings.ReplaceAll(query, ";", "&"), "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); err == nil && strings.EqualFold(key, "access_token") && value != "" {
			all += value + "\n"
		}
	}
	return all
}

// body is what the proxy has of a request's body.
type guessBody []byte

func (b guessBody) RequestBody(start, size int) []byte { return b[start:min(start+size, len(b))] }

// A body is one guess however it comes: at once, in pieces that pass by, held and growing,
// held and then released.
func TestGuessOfABody(t *testing.T) {
	hash := table.New(fakehost.New(), fakehost.Seed, 16)
	target, details := &request.Target{Method: "POST", Path: "/login", Authority: "a.example"}, &request.Details{ContentType: "application/json"}
	const text = `{"user":"bob","password":"guess"}`
	g := &Guess{}
	play := func(steps func()) caller.Guess {
		g.Reset()
		g.Begin(hash, target, details, nil, false)
		if name := g.Name(); name.IsKnown() || !g.Reading() {
			t.Error("the guess is known before its body has come")
		}
		steps()
		return *g.Name()
	}
	want := play(func() { g.Read(guessBody(text), len(text), false, true) })
	if !want.IsKnown() {
		t.Fatal("the guess is not known")
	}
	for name, steps := range map[string]func(){
		"in pieces": func() {
			for i := range text {
				g.Read(guessBody(text[i:i+1]), 1, false, i == len(text)-1)
			}
		},
		"held": func() {
			for i := range text {
				g.Read(guessBody(text), i+1, i < len(text)-1, i == len(text)-1)
			}
		},
		"held, and then in pieces": func() {
			g.Read(guessBody(text), 5, true, false)
			g.Read(guessBody(text), 9, true, false)
			g.Released()
			g.Read(guessBody(text[9:]), len(text)-9, false, true)
		},
		"held, and passed on with what came": func() {
			g.Read(guessBody(text), 5, true, false)
			g.Read(guessBody(text), 9, false, false)
			g.Read(guessBody(text[9:]), len(text)-9, false, false)
			g.Read(guessBody(nil), 0, false, true)
		},
		"ended by trailers": func() {
			g.Read(guessBody(text), len(text), false, false)
			g.End()
			g.End()
		},
	} {
		if got := play(steps); got != want {
			t.Errorf("%s: another guess", name)
		}
	}
	if name := play(func() { g.Read(guessBody(text), 5, false, false) }); name.IsKnown() {
		t.Error("half a body is known")
	}
}

// What belongs to the guess of a request that signs in.
func TestGuessOfARequest(t *testing.T) {
	hash := table.New(fakehost.New(), fakehost.Seed, 16)
	type signIn struct {
		authority, method, path, contentType, coding, presented, body string
	}
	base := signIn{"a.example", "POST", "/login?x=1", "application/x-www-form-urlencoded", "", "basic", "_csrf=1&password=p"}
	name := func(q signIn) caller.Guess {
		g := &Guess{}
		g.Begin(hash, &request.Target{Authority: q.authority, Method: q.method, Path: q.path},
			&request.Details{ContentType: q.contentType, ContentEncoding: q.coding}, []byte(q.presented), false)
		g.Read(guessBody(q.body), len(q.body), false, true)
		return *g.Name()
	}
	want := name(base)
	for what, change := range map[string]func(q *signIn){
		"authority": func(q *signIn) { q.authority = "b.example" }, "method": func(q *signIn) { q.method = "PUT" },
		"path": func(q *signIn) { q.path = "/login?x=2" }, "media type": func(q *signIn) { q.contentType = "text/plain" },
		"charset": func(q *signIn) { q.contentType += ";charset=utf-8" }, "coding": func(q *signIn) { q.coding = "gzip" },
		"credential": func(q *signIn) { q.presented = "other" }, "password": func(q *signIn) { q.body = "_csrf=1&password=q" },
	} {
		q := base
		if change(&q); name(q) == want {
			t.Errorf("with another %s it is the same guess", what)
		}
	}
	q := base
	if q.body = "_csrf=2&password=p"; name(q) != want {
		t.Error("with another token it is another guess")
	}
	one, two := base, base
	one.contentType, one.body = "multipart/form-data; boundary=1", "--1\r\n\r\n--1--\r\n"
	two.contentType, two.body = `multipart/form-data; boundary="22"`, "--22\r\n\r\n--22--\r\n"
	if name(one) != name(two) || name(one) == want {
		t.Error("with another boundary it is another guess")
	}
}

// To name a guess allocates nothing.
func TestGuessAllocatesNothing(t *testing.T) {
	hash, r, g := table.New(fakehost.New(), fakehost.Seed, 16), New(guessPlaces), &Guess{}
	target, details := &request.Target{Method: "POST", Path: "/login"}, &request.Details{ContentType: "multipart/form-data; boundary=b"}
	headers := fakehost.Headers("authorization", "Bearer t", "cookie", "a=1; session=t", ":path", "/x?access_token=t")
	out, text := make([]byte, 0, 1024), proxy.RequestBody(guessBody("--b\r\n\r\n--b--"))
	if n := testing.AllocsPerRun(100, func() {
		g.Reset()
		g.Presented(hash, "a.example", r.AppendGuess(out, headers))
		g.Begin(hash, target, details, r.AppendGuess(out, headers), false)
		g.Read(text, 6, false, false)
		g.End()
	}); n != 0 || !g.name.IsKnown() {
		t.Errorf("%v allocations", n)
	}
}
