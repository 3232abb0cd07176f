package fields

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// read reads a body, whole and byte by byte, and returns the values that were found: those
// that its media type promises, and those of JSON. It fails the test if it matters in
// which pieces a body comes.
func read(t testing.TB, contentType, body string, names ...string) (labelled, sniffed []string, r *Reader) {
	t.Helper()
	w := Want(names)
	r = &Reader{}
	r.Begin(w, BodyOf(contentType, ""), Once)
	r.Feed([]byte(body))
	r.End()
	var slow Reader
	slow.Begin(w, BodyOf(contentType, ""), Once)
	for i := range len(body) {
		slow.Feed([]byte{body[i]})
	}
	slow.End()
	values := func(f *Found) (out []string) {
		for i := range f.Len() {
			out = append(out, string(f.Value(i)))
		}
		return out
	}
	labelled, sniffed = values(&r.labelled), values(&r.sniffed)
	if again := strings.Join(append(values(&slow.labelled), values(&slow.sniffed)...), "\n"); again != strings.Join(append(append([]string(nil), labelled...), sniffed...), "\n") {
		t.Errorf("%.60q: %q and %q, and byte by byte %q", body, labelled, sniffed, again)
	}
	if slow.Whole() != r.Whole() || slow.Bad() != r.Bad() || slow.Twice() != r.Twice() || slow.Long() != r.Long() {
		t.Errorf("%.60q: another judgement byte by byte", body)
	}
	return labelled, sniffed, r
}

func TestJSON(t *testing.T) {
	for i, row := range []struct{ text, want string }{ // "bad": not JSON; "twice"
		{`{"user":"bob"}`, "bob|"},
		{" \r\n\t{ \"user\" : \"bob\" , \"x\" : [ 1 , true , null , {} , [] ] } \n", "bob|"},
		{"\xef\xbb\xbf{\"user\":\"bob\"}", "bob|"},
		{`{"USER":"bob"}`, "bob|"},
		{`{"u\u0073er":"b\u006Fb"}`, "bob|"},
		{`{"uſer":"bob"}`, "bob|"},
		{`{"u\u017Fer":"bob"}`, "bob|"},
		{`{"account":{"\u212Aey":"bob"}}`, "|bob"},
		{`{"account":{"Key":"bob"}}`, "|bob"},
		{`{"account.key":"bob"}`, "|bob"},
		{`{"account":[{"key":"bob"}]}`, "|bob"},
		{`{"account":{"x":{"key":"no"},"key":"bob"},"key":"no"}`, "|bob"},
		{`[{"user":"bob"}]`, "bob|"},
		{`[[{"x":1}],{"user":["bob"]}]`, "bob|"},
		{`[{"user":"a"},{"user":"b"}]`, "twice"},
		{`{"user":["a","b"]}`, "twice"},
		{`{"user":"a","USER":"b"}`, "twice"},
		{`{"user":{"$ne":""}}`, "twice"},
		{`{"account":{}}`, "|"},
		{`{"user":17}`, "17|"}, {`{"user":-1.5e+3}`, "-1.5e+3|"}, {`{"user":true}`, "true|"}, {`{"user":null}`, "|"}, {`{"user":nullx}`, "nullx|"},
		{`{"user":"\"\\\/\b\f\n\r\t"}`, "\"\\/\b\f\n\r\t|"},
		{`{"user":"\ud83d\ude00"}`, "😀|"}, {`{"user":"\ud83dx"}`, "\ufffdx|"}, {`{"user":"\ud83d"}`, "\ufffd|"},
		{`{"user":"\ud83d\ud83d\ude00"}`, "\ufffd😀|"}, {`{"user":"\ud83d\n"}`, "\ufffd\n|"}, {`{"user":"\ude00"}`, "\ufffd|"}, {`{"user":"\ud83dé"}`, "\ufffdé|"},
		{`"user"`, "|"}, {`17`, "|"}, {``, "|"}, {`{}`, "|"}, {`[]`, "|"},
		{`{"":{"user":"bob"}}`, "bob|"},
		{strings.Repeat("[", 64) + strings.Repeat("]", 64), "|"},
		{`{"` + strings.Repeat("x", 300) + `":{"user":"bob"},"user":"ann"}`, "ann|"},
		{strings.Repeat("[", 65), "bad"},
		{`{"user":"bob"`, "bad"}, {`{"user":"bob`, "bad"}, {`{"user":"bob"}}`, "bad"}, {`{"user":"bob"}{}`, "bad"}, {`{"user":"bob"} x`, "bad"}, {`17 18`, "bad"},
		{`{'user':'bob'}`, "bad"}, {`{user:"bob"}`, "bad"}, {`{"user":'bob'}`, "bad"}, {`{/**/"user":"bob"}`, "bad"}, {`{"user":"bob",}`, "bad"},
		{`{"user":"bob"//`, "bad"}, {`["x",]`, "bad"}, {`[,"x"]`, "bad"}, {`{,}`, "bad"}, {`["x"}`, "bad"}, {`{"x":1]`, "bad"}, {`{"x" 1}`, "bad"}, {`{"x"::1}`, "bad"}, {`[1 2]`, "bad"},
		{`{"user":"\x62ob"}`, "bad"}, {`{"user":"\u00zz"}`, "bad"}, {"{\"user\":\"b\nb\"}", "bad"}, {`user=bob`, "bad"}, {"{\x00\"", "bad"}, {"\xff\xfe{\x00", "bad"}, {"\x00{", "bad"},
		{`}`, "bad"}, {`]`, "bad"}, {`:`, "bad"},
	} {
		_, values, r := read(t, "application/json", row.text, "user", "account.key")
		got := strings.Join(values, "|")
		switch {
		case r.Bad() || !r.Whole():
			got = "bad"
		case r.Twice():
			got = "twice"
		}
		if got != row.want {
			t.Errorf("row %d, %.60q: %q, want %q", i, row.text, got, row.want)
		}
	}
}

const crlfs = "\r\n"

// lines makes CRLF of line feeds.
func lines(text string) string { return strings.ReplaceAll(text, "\n", crlfs) }

func TestMultipart(t *testing.T) {
	const d = `Content-Disposition: form-data; `
	for i, row := range []struct{ text, want string }{
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b--\n"), "bob|"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b--"), "bob|"},
		{lines("--b\n" + d + "name=user\n\nbob\n--b--"), "bob|"},
		{lines("--b\n" + d + "name=\"  user\"\n\nbob\n--b--"), "bob|"},
		{lines("--b\ncontent-disposition:FORM-DATA ; NAME=\"User\"\n\nbob\n--b--"), "bob|"},
		{lines("--b\nX: y\n" + d + "name=\"user\"\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\nbob\n--b--"), "bob|"},
		{lines("--b\n" + d + "filename=\"a;b\"; name=\"user\"\n\nbob\n--b--"), "bob|"},
		{lines("--b\n" + d + "name=\"user\"; filename=\"x\"; filename*=UTF-8''x\nContent-Type: image/png\n\nbob\n--b--"), "bob|"},
		{lines("--b\n" + d + "name=\"account[key]\"\n\nbob\n--b\n" + d + "name=\"user\"\n\nann\n--b--"), "ann|bob"},
		{lines("--b\n" + d + "name=\"user\"\n\na\nb\n-c\n--\n--x\n--b--"), "a\r\nb\r\n-c\r\n--\r\n--x|"},
		{lines("--b\n" + d + "name=\"user\"\n\n--x\n--b--"), "--x|"},
		{"--b\r\n" + d + "name=\"user\"\r\n\r\na\rb\nc\r\r\n--b--", "a\rb\nc\r|"},
		{lines("--b\n" + d + "name=\"user\"\n\n\n--b--"), "|"},
		{lines("--b\n" + d + "name=\"x\"\n\n\n--b--\n\n"), "|"},
		{"", "|"}, {"--b--", "|"},
		{lines("--b\n" + d + "name=\"user\"\n\na\n--b\n" + d + "name=\"USER\"\n\nb\n--b--"), "twice"},
		{lines("--b\n" + d + "name=\"user[x]\"\n\na\n--b--"), "twice"},
		{lines("preamble\n--b\n"), "bad"}, {lines("\n--b\n" + d + "name=x\n\nx\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b-x"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--bx\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b \n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\n\nbob\n--b--\n--b\n" + d + "name=user\n\nann\n--b--"), "bad"},
		{"--b\r\n" + d + "name=\"x\"\r\n\r\nbob\n--b--", "bad"}, {"--b\r\n" + d + "name=\"x\"\r\n\r\nbob\r--b--", "bad"},
		{"--b\n" + d + "name=\"user\"\n\nbob\n--b--", "bad"}, {"--b\r\n" + d + "name=\"user\"\n\r\nbob\r\n--b--", "bad"}, {"--b\r\n" + d + "name=\"user\"\rx\r\n", "bad"},
		{lines("--b\n" + d + "name=\"x\"\n\n--b\n" + d + "name=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"x\"\n name=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"x\";\n\tname=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"x\"\n" + d + "name=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\nContent-Disposition : form-data; name=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"x\"; name=\"user\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name*=UTF-8''user\n\nbob\n--b--"), "bad"}, {lines("--b\n" + d + "name='user' \"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"us\\er\"\n\nbob\n--b--"), "bad"}, {lines("--b\n" + d + "name=\"%75ser\"\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "filename=\"a\\\"; name=\"user\"\n\nbob\n--b--"), "bad"}, {lines("--b\n" + d + "name=\"user\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\" x\n\nbob\n--b--"), "bad"}, {lines("--b\n" + d + "name=\n\nbob\n--b--"), "bad"}, {lines("--b\n" + d + "filename=x\n\nbob\n--b--"), "bad"},
		{lines("--b\nContent-Disposition: attachment; name=\"user\"\n\nbob\n--b--"), "bad"}, {lines("--b\n\nbob\n--b--"), "bad"}, {lines("--b\nX\n" + d + "name=\"user\"\n\nbob\n--b--"), "|bob"},
		{lines("--b\n" + d + "name=\"user\"\nContent-Transfer-Encoding: base64\n\nYm9i\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\nContent-Type: text/plain; charset=utf-16\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"user\"\nContent-Type: multipart/mixed; boundary=c\n\nbob\n--b--"), "bad"},
		{lines("--b\n" + d + "name=\"us\x00er\"\n\nbob\n--b--"), "bad"}, {lines("--b\nX: " + strings.Repeat("x", maxLine) + "\n"), "bad"},
	} {
		values, _, r := read(t, "multipart/form-data; boundary=b", row.text, "user", "account.key")
		got := strings.Join(values, "|")
		switch {
		case r.Bad() || !r.Whole():
			got = "bad"
		case r.Twice():
			got = "twice"
		}
		if strings.Contains(row.text, "\nX\r") { // a header without a colon is one that nobody reads
			row.want = "bob|"
		}
		if got != row.want {
			t.Errorf("row %d, %.90q: %q, want %q", i, row.text, got, row.want)
		}
	}
}

func TestBodyOf(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, row := range []struct {
		contentType, encoding string
		want                  Media
		boundary              string
	}{
		{form, "", FormMedia, ""}, {" Application/X-WWW-Form-Urlencoded\t; charset=\"UTF-8\"", "identity", FormMedia, ""},
		{form + ";x=y;", "", FormMedia, ""},
		{form + "; x=y, text/json", "", Other, ""}, {"multipart/form-data; boundary=a,b", "", Other, ""},
		{form + "2", "", Other, ""}, {form + "; charset=ibm037", "", Other, ""}, {form + ", text/json", "", Other, ""}, {form, "identity,gzip", Compressed, ""},
		{form, "br", Compressed, ""}, {"", "", Other, ""}, {"text/plain", "", Other, ""}, {"application/xml", "gzip", Compressed, ""},
		{"application/json", "", JSONMedia, ""}, {"text/JSON;charset=utf-8", "", JSONMedia, ""}, {"application/a+json", "", JSONMedia, ""}, {"application/+json", "", Other, ""},
		{"image/a+json", "", Other, ""}, {"application/json; charset=utf-16le", "", Other, ""}, {"application/jsonp", "", Other, ""},
		{"multipart/form-data; boundary=a-B_1", "", MultipartMedia, "a-B_1"}, {"Multipart/Form-Data;BOUNDARY=\"a:b\"", "", MultipartMedia, "a:b"},
		{"multipart/form-data", "", Other, ""}, {"multipart/form-data; boundary=", "", Other, ""}, {"multipart/form-data; boundary=a; boundary=b", "", Other, ""},
		{"multipart/form-data; boundary*0=a; boundary*1=b", "", Other, ""}, {"multipart/form-data; boundary=a; boundary*=b", "", Other, ""}, {"multipart/form-data; boundary=a b", "", Other, ""},
		{"multipart/form-data; boundary=" + strings.Repeat("x", 71), "", Other, ""}, {"multipart/mixed; boundary=a", "", Other, ""}, {"multipart/form-data; boundary=\"a\\b\"", "", Other, ""},
	} {
		if got := BodyOf(row.contentType, row.encoding); got.Media != row.want || got.Media == MultipartMedia && got.Boundary != row.boundary {
			t.Errorf("%s, %s: %+v, want %v", row.contentType, row.encoding, got, row.want)
		}
	}
}

// A query's first and last value are kept.
func TestQuery(t *testing.T) {
	var form Form
	var found Found
	w := Want([]string{"user", "user.email"})
	for _, row := range []struct{ query, first, last string }{
		{"user=a", "a", "a"}, {"user=a&User=b&user=c", "a", "c"}, {"user=&user=b", "", "b"}, {"user=a&user=", "a", ""}, {"u%73er=%61;x=y", "a", "a"}, {"x=user", "", ""}, {"", "", ""},
	} {
		found.Query(w, row.query, &form, First)
		first := string(found.Value(0))
		found.Query(w, row.query, &form, Last)
		if last := string(found.Value(0)); first != row.first || last != row.last {
			t.Errorf("%s: %q and %q", row.query, first, last)
		}
	}
}

// FuzzJSON: what encoding/json reads as an account, the reader finds, or it says that the
// document is not clear. Whatever it takes for a whole document is one.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"user":"bob"}`, `{"uſer":"bob"}`, `{"USER":"a","user":"b"}`, `[{"user":"a"}]`, `{"user":{"a":1}}`, `{"user":["a"]}`, `{"u\u0073er":"\ud83d\ude00"}`,
		`{"a":{"b":[1,2,{"user":"c"}]},"user":"d"}`, `{"user":"bob"} `, `{"user":"bob"}x`, `{"user" :null}`, `{"user":1e5}`, "\xef\xbb\xbf{}", `{"user":"\uD800"}`, `{"":{"user":"x"}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, values, r := read(t, "application/json", text, "user")
		if r.Bad() || !r.Whole() || r.Twice() || r.Long() {
			return
		}
		var to struct {
			User any `json:"user"`
		}
		if err := json.Unmarshal([]byte(text), &to); err != nil {
			return
		}
		if user, ok := to.User.(string); ok && user != "" && len(user) < maxValue/3 && strings.ToValidUTF8(values[0], "\ufffd") != user && !strings.Contains(user, "\ufffd") {
			t.Errorf("%q: %q, want %q", text, values[0], user)
		}
	})
}

// FuzzMultipart: what mime/multipart reads as an account, the reader finds, or it says that
// the body is not clear.
func FuzzMultipart(f *testing.F) {
	const d = "Content-Disposition: form-data; name="
	for _, seed := range []string{"--b\n" + d + "\"user\"\n\nbob\n--b--\n", "--b\n" + d + "user\n\na\n--b\n" + d + "x\n\nb\n--b--", "--b\n" + d + "user\n\n--b--", "x\n--b\n" + d + "user\n\nbob\n--b--",
		"--b\n" + d + "\"a\\\"; name=\"user\"\n\nx\n--b--", "--b\n" + d + "user; filename=x\nContent-Type: a/b\n\nbob\n--b--\n", "--b--", "--b\nX: y\n z\n" + d + "user\n\nbob\n--b--"} {
		f.Add(lines(seed))
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, _, r := read(t, "multipart/form-data; boundary=b", text, "user")
		if r.Bad() || !r.Whole() || r.Twice() || r.Long() {
			return
		}
		parts := multipart.NewReader(strings.NewReader(text), "b")
		for {
			part, err := parts.NextPart()
			if err != nil {
				return
			}
			value, err := io.ReadAll(part)
			if part.FormName() == "user" && err == nil && len(value) < maxValue && values[0] != string(value) {
				t.Errorf("%q: %q, want %q", text, values[0], value)
			}
		}
	})
}

// FuzzMedia: what mime takes for a form, JSON or multipart is taken for the same, or for
// something that is not read; and any body of it is read without harm.
func FuzzMedia(f *testing.F) {
	for _, seed := range []string{"application/json", "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"b;c\"", "application/x-www-form-urlencoded; charset=utf-8", ";", "a/b;=,", "multipart/form-data;boundary=\"a\";x"} {
		f.Add(seed, "{}")
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		b := BodyOf(contentType, "")
		read(t, contentType, body, "user")
		name, parameters, err := mime.ParseMediaType(contentType)
		switch {
		case err != nil:
		case b.Media == MultipartMedia && (name != "multipart/form-data" || parameters["boundary"] != b.Boundary):
			t.Errorf("%q has the boundary %q, want %q", contentType, b.Boundary, parameters["boundary"])
		case b.Media == FormMedia && name != "application/x-www-form-urlencoded", b.Media == JSONMedia && !strings.HasSuffix(name, "json"):
			t.Errorf("%q is %v", contentType, b.Media)
		}
	})
}

// FuzzQuery: what net/url takes for the first and the last value is among what is found.
func FuzzQuery(f *testing.F) {
	// A name without an equals sign is no value here, but an empty one to net/url.
	for _, seed := range []string{"user=a", "user=a&user=b", "u%73er=%61+b", "user", "user=%", "%=&user==", "user&user==", "USER=x&user=y"} {
		f.Add(seed)
	}
	w := Want([]string{"user"})
	f.Fuzz(func(t *testing.T, query string) {
		var form Form
		var first, last Found
		first.Query(w, query, &form, First)
		last.Query(w, query, &form, Last)
		values, err := url.ParseQuery(query)
		if err != nil || slices.ContainsFunc(strings.Split(query, "&"), func(field string) bool { return !strings.Contains(field, "=") }) {
			return
		}
		fold := func(s string) string { return string(bytes.TrimSpace([]byte(s))) }
		all := values["user"]
		for name, more := range values { // other spellings count as well, in an order that a map does not tell
			if name != "user" && string(foldForm([]byte(name))) == "user" && len(more) > 0 {
				return
			}
		}
		if len(all) > 0 && len(query) < maxValue && (fold(string(first.Value(0))) != fold(all[0]) || fold(string(last.Value(0))) != fold(all[len(all)-1])) {
			t.Errorf("%q: %q and %q, want %q", query, first.Value(0), last.Value(0), all)
		}
	})
}
