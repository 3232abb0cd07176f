package curl

import (
	"fmt"
	"strings"
	"testing"
)

// TestParse: what curl would send, as curl 8 does, but for the path.
func TestParse(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{`curl https://a.example/x`, "GET https a.example /x [] "},
		{`curl a.example`, "GET http a.example / [] "},
		{`curl 'http://a.example/a/../b//c?x=1#f'`, "GET http a.example /a/../b//c?x=1 [] "},
		{`curl -I -s --compressed -o out --max-time 3 a.example/x`, "HEAD http a.example /x [] "},
		{`curl --url a.example/x -XPUT`, "PUT http a.example /x [] "},
		{`curl a.example -d a=1 -d b=2`, "POST http a.example / [[content-type application/x-www-form-urlencoded] [content-length 7]] a=1&b=2"},
		{`curl a.example -G -d a=1 --data-urlencode 'b=c d'`, "GET http a.example /?a=1&b=c+d [] "},
		{`curl a.example --data-urlencode '=c&d' --data-raw @x`, "POST http a.example / [[content-type application/x-www-form-urlencoded] [content-length 8]] @x&c%26d"},
		{`curl a.example --json '{}'`, "POST http a.example / [[content-type application/json] [content-length 2] [accept application/json]] {}"},
		{`curl a.example --json '{}' -H 'Content-Type: application/grpc' -H accept:`,
			"POST http a.example / [[content-length 2] [content-type application/grpc]] {}"},
		{`curl -u ann:x a.example`, "GET http a.example / [[authorization Basic YW5uOng=]] "},
		{`curl http://ann:%78@a.example/`, "GET http a.example / [[authorization Basic YW5uOng=]] "},
		{`curl -u ann:x -H 'Authorization: Bearer y' a.example`, "GET http a.example / [[authorization Bearer y]] "},
		{`curl --oauth2-bearer y -b a=b -A me -e http://r a.example`,
			"GET http a.example / [[authorization Bearer y] [cookie a=b] [user-agent me] [referer http://r]] "},
		{`curl -H 'Host: b.example' -H 'X-A;' -H 'X-B: 1' -H 'X-B: 2' a.example`, "GET http b.example / [[x-a ] [x-b 1] [x-b 2]] "},
		{"curl 'a.example' \\\n  -H $'x-a: \\u0021it\\'s'", "GET http a.example / [[x-a !it's]] "},
		{`curl -F a=@file a.example`, "POST http a.example / [[content-type multipart/form-data; boundary=x] [content-length 7]] --x--\r\n"},
	} {
		r, err := Parse(row.line)
		if err != nil {
			t.Errorf("%s: %v", row.line, err)
			continue
		}
		if got := fmt.Sprint(r.Method, " ", r.Scheme, " ", r.Authority, " ", r.Target, " ", r.Headers, " ", string(r.Body)); got != row.want {
			t.Errorf("%s:\ngot  %q\nwant %q", row.line, got, row.want)
		}
	}
}

// TestMistakes: each is told what to write, and no secret is repeated.
func TestMistakes(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{`wget a.example`, "does not begin with curl"},
		{`curl`, "has 0 URLs"},
		{`curl a.example b.example`, "has 2 URLs"},
		{`curl 'a.example`, "quote it for a POSIX shell"},
		{`curl --frobnicate a.example`, "leave out what does not change what is sent"},
		{`curl ftp://a.example`, "neither http:// nor https://"},
		{`curl 'a.example/a b'`, "write a blank as %20"},
		{`curl -H 'Bearer secret' a.example`, "header 1 has no name"},
		{`curl -H ':path: secret' a.example`, "header 1 has no name"},
		{"curl -H $'x-a: secret\\n' a.example", ""},
		{"curl -H $'x-a: secret\\nb' a.example", "header 1 (x-a) has a control character"},
		{"curl -A 'secret\x7f' a.example", "the header user-agent has a control character"},
		{"curl -A 'secret\x7f' -H 'User-Agent:' a.example", ""},
		{`curl -G -d 'a=secret b' a.example`, `behind "/?..."; write a blank as %20`},
		{`curl -X 'A B' a.example`, "is no method"},
		{`curl 'https://a.example/x?api_key=secret b'`, `behind "/x?..."`},
		{`curl 'https://a.example/x y?api_key=secret'`, `behind "/x"`},
		{`curl $(echo secret)`, "quote it for a POSIX shell"},
		{`curl -d @secret a.example`, "a body from a file is not read"},
		{`curl --data-urlencode a@secret a.example`, "a body from a file is not read"},
	} {
		_, err := Parse(row.line)
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%s: %v", row.line, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: got %v, want %q", row.line, err, row.want)
		}
	}
}

// FuzzParse: a command never panics, and what is read of it can be sent.
func FuzzParse(f *testing.F) {
	for _, line := range []string{`curl a.example`, `curl -u ann:x 'http://a@b/c?d#e' -d $'\u0021' -H 'a: b'`, "curl \\\n-G -d x", `curl --json {} -X`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := Parse(line)
		if err != nil {
			return
		}
		if !strings.HasPrefix(r.Target, "/") || strings.ContainsAny(r.Target, " \x7f") || !token.MatchString(r.Method) {
			t.Errorf("%q: method %q, target %q", line, r.Method, r.Target)
		}
		for _, h := range r.Headers {
			if !token.MatchString(h[0]) || h[0] != strings.ToLower(h[0]) || control.MatchString(h[1]) {
				t.Errorf("%q: header %q", line, h)
			}
		}
	})
}
