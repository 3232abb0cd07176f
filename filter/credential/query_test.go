package credential

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// TestQuery reads parameters as services do, and as several services do at once.
func TestQuery(t *testing.T) {
	r := newReader(t, `{"credentials": {"query": ["access_token", "apiKey", "k.1"]}}`)
	for _, row := range []struct {
		target string
		want   string // the names of the places
		single string // the credential if it can be read in only one way
	}{
		{"/x", "", ""},
		{"", "", ""},
		{"/x?", "", ""},
		{"/access_token=t", "", ""},
		{"/x?access_token=t", "access_token", "t"},
		{"/x?access_token=t=u", "access_token", "t=u"},
		{"http://h/x?access_token=t", "access_token", "t"},
		{"/x?a=b&&access_token=t&c", "access_token", "t"},
		{"/x?access_token", "", ""},
		{"/x?access_token=", "", ""},
		{"/x?access_token=&access_token=t", "access_token", ""},
		{"/x?access_token=null&access_token=t", "access_token", ""},
		{"/x?access_token=t&access_token=", "access_token", ""},
		{"/x?access_token=t&access_token=t", "access_token access_token", ""},
		{"/x?access_token=t&apiKey=u", "access_token apiKey", ""},
		{"/x?apiKey=u", "apiKey", "u"},
		{"/x?k.1=u", "k.1", "u"},
		{"/x?k_1=u", "k.1", ""},
		{"/x?%6b.1=u", "k.1", ""},
		{"/x?apikey=u", "apiKey", ""},
		{"/x?APIKEY=u", "apiKey", ""},
		{"/x?xapiKey=u", "", ""},
		{"/x?apiKeyx=u", "", ""},
		{"/x?apiKe=u", "", ""},
		{"/x?a=apiKey=u", "", ""},
		{"/x?apiKey[]=u", "apiKey", ""},
		{"/x?apiKey%5b%5D=u", "apiKey", ""},
		{"/x?apiKey[a=u", "apiKey", ""},
		{"/x?apiKey%00x=u", "apiKey", ""},
		{"/x?apiKey%20=u", "apiKey", ""},
		{"/x?+%09apiKey=u", "apiKey", ""},
		{"/x??apiKey=u", "apiKey", ""},
		{"/x?%3fapiKey=u", "apiKey", ""},
		{"/x?access.token=t", "access_token", ""},
		{"/x?access+token=t", "access_token", ""},
		{"/x?access%20token=t", "access_token", ""},
		{"/x?access[token=t", "access_token", ""},
		{"/x?access-token=t", "", ""},
		{"/x?%61ccess_token=t", "access_token", ""},
		{"/x?%2561ccess_token=t", "access_token", ""},
		{"/x?%252561ccess_token=t", "access_token", ""},
		{"/x?%u0061ccess_token=t", "access_token", ""},
		{"/x?%25U0061ccess_token=t", "access_token", ""},
		{"/x?%u0161ccess_token=t", "", ""},
		{"/x?access_toke%6=t", "", ""},
		{"/x?access_token%=t", "", ""},
		{"/x?a;access_token=t", "access_token", ""},
		{"/x?access_token=t;a", "access_token", ""},
		{"/x?access_token=;t", "access_token", ""},
		{"/x?access_token=#t", "access_token", ""},
		{"/x?access_token=;", "access_token", ""},
		{"/x?access_token;t", "", ""},
		{"/x?access_token=&t", "", ""},
		{"/x?a#access_token=t", "access_token", ""},
		{"/x#a?access_token=t", "access_token", "t"},
		{"/x?access_token=t#a", "access_token", ""},
		{"/x?access_token=%74", "access_token", "t"},
		{"/x?access_token=%74%2B%2f%3D", "access_token", "t+/="},
		{"/x?access_token=%2574", "access_token", ""},
		{"/x?access_token=a+b", "access_token", ""},
		{"/x?access_token=%74+b", "access_token", ""},
		{"/x?access_token=a%20b", "access_token", ""},
		{"/x?access_token=%", "access_token", ""},
		{"/x?access_token=%7", "access_token", ""},
		{"/x?access_token=%7x", "access_token", ""},
		{"/x?access_token=%00", "access_token", ""},
		{"/x?access_token=%ff", "access_token", ""},
		{"/x?access_token=undefined", "", ""},
		{"/x?access_token=%75ndefined", "", ""},
		{"/x?access_token=%5Bobject+Object%5D", "", ""},
		{"/x?access_token=[object%20Object]", "", ""},
		{"/x?access_token=undefined2", "access_token", "undefined2"},
		{"/x?access_token=+", "access_token", ""},
	} {
		headers := hdr(":method", "GET", ":path", row.target)
		v := r.Explain(headers)
		var places []string
		for _, p := range v.Places {
			if places = append(places, p.Name); p.Carrier != caller.InQuery {
				t.Errorf("%s: %+v", row.target, p)
			}
		}
		if got := strings.Join(places, " "); got != row.want || v.Present != (row.want != "") {
			t.Errorf("%s: credentials in %q, want %q", row.target, got, row.want)
		}
		if named := len(r.AppendWhole(nil, headers)) > 0; named != v.Present {
			t.Errorf("%s has a name: %v", row.target, named)
		}
		c, ok := r.Single(headers)
		if c.Token != row.single && ok || ok != (row.single != "") {
			t.Errorf("%s: the single credential is %q (%v), want %q", row.target, c.Token, ok, row.single)
		}
		if ok && (c.Carrier != caller.InQuery || c.Place != row.want || c.Scheme != "") {
			t.Errorf("%s: %+v", row.target, c)
		}
	}
}

// A credential has one name, however it is spelled, and another one in each place.
func TestQueryNames(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["api_key"], "cookies": ["api_key"]}}`)
	for i, row := range []struct {
		a, b string
		same bool
	}{
		{"/x?api_key=abc", "/y?b=c&API_KEY=%61b%63", true},
		{"/x?api_key=a%20c", "/y?api_key=a+c", true},
		{"/x?api_key=abc", "/x?api_key=abd", false},
		{"/x?api_key=abc", "/x?access_token=abc", false},
		{"/x?api_key=a&api_key=b", "/x?api_key=b&api_key=a", false},
	} {
		a, b := r.AppendWhole(nil, hdr(":path", row.a)), r.AppendPrincipal(nil, hdr(":path", row.b))
		if same := bytes.Equal(a, b); same != row.same {
			t.Errorf("%d: %s and %s are the same: %v", i, row.a, row.b, same)
		}
	}
	query := r.AppendWhole(nil, hdr(":path", "/x?api_key=abc"))
	for _, name := range []string{"api_key", "cookie"} {
		if bytes.Equal(query, r.AppendWhole(nil, hdr(name, "api_key=abc"))) || bytes.Equal(query, r.AppendWhole(nil, hdr(name, "abc"))) {
			t.Errorf("a credential in %s has the name of one in the query", name)
		}
	}
}

func TestOnlyInQuery(t *testing.T) {
	r := newReader(t, `{"credentials": {"cookies": ["s"]}}`)
	for other, want := range map[string]bool{"x-other": true, "authorization": false, "x-api-key": false, "sec-websocket-protocol": true} {
		if got := r.OnlyInQuery(hdr(":path", "/x?api_key=k", other, "v")); got != want {
			t.Errorf("with %s: %v", other, got)
		}
	}
	if r.OnlyInQuery(hdr(":path", "/x?api_key=k", "sec-websocket-protocol", "bearer.v")) || r.OnlyInQuery(hdr(":path", "/x?api_key=k", "cookie", "s=1")) {
		t.Error("a cookie or a protocol is in the query")
	}
}

// Long queries take time in proportion to their length.
func TestQueryIsLinear(t *testing.T) {
	r := newReader(t, "")
	for _, piece := range []string{"&", "%", "%25", "25", "+", "access_token", "%61", "=", "access_token=&", "access_token=null&", "access_token=;", "?"} {
		target := "/x?" + strings.Repeat(piece, 2_000_000/len(piece))
		r.Presents(hdr(":path", target))
		r.Single(hdr(":path", target))
	}
}

// FuzzQuery: where net/url finds a parameter, the filter finds one, too, after any
// number of further encodings of its name. What it takes for the single credential is
// the one that net/url finds.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"api_key=k", "%61pi_key=k", "api_key=%6b+", "a=b&api_key=k&api_key=l", "api_key", "api_key=", ";", "#", "%",
		"api_key=%00", "%2561pi_key=%25", "api_key[]=k", "api_key=undefined", "api%5fkey=%zz", "a;api_key=k", "?api_key=k", "%u0061pi_key=k", "api_key=#0", "api_key=;0"} {
		f.Add(seed)
	}
	r := newReader(f, `{"credentials": {"query": ["api_key"]}}`)
	f.Fuzz(func(t *testing.T, query string) {
		headers := hdr(":path", "/x?"+query)
		presents := r.Presents(headers)
		if presents != (len(r.AppendPrincipal(nil, headers)) > 0) || presents != (len(r.Explain(headers).Places) > 0) {
			t.Fatalf("%q presents a credential: %v, and has a name or none", query, presents)
		}
		values, _ := url.ParseQuery(query) // it leaves out what it cannot read
		for key, list := range values {
			for key := range decodings(key) {
				for _, value := range list {
					word, _, _ := strings.Cut(value, "#")
					if key == "api_key" && value != "" && !isPlaceholder(word) && !presents {
						t.Fatalf("%q has an API key for net/url: %q", query, value)
					}
				}
			}
		}
		if c, ok := r.Single(headers); ok && (len(values["api_key"]) != 1 || values.Get("api_key") != c.Token) {
			t.Fatalf("%q has the single credential %q, for net/url %q", query, c.Token, values["api_key"])
		}
	})
}

// decodings are a key and what further decoders make of it.
func decodings(key string) map[string]bool {
	all := map[string]bool{}
	for !all[key] {
		all[key] = true
		if again, err := url.PathUnescape(key); err == nil {
			key = again
		}
	}
	return all
}
