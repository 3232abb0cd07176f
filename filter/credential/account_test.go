package credential

import (
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// body is the part of a request's body that the proxy has.
type body struct {
	data  []byte
	calls int
}

func (b *body) RequestBody(start, size int) []byte {
	b.calls++
	rest := b.data[min(start, len(b.data)):]
	return rest[:min(size, len(rest))]
}

const formType = "application/x-www-form-urlencoded"

// accountsOf returns the accounts of a request whose body arrives in pieces, with a space
// between them, and fails the test if it depends on whether the body is held or passes
// through.
func accountsOf(t testing.TB, f *Fields, path string, b Body, pieces ...string) (string, Flaw) {
	t.Helper()
	var passing, holding Account
	passing.Begin(f, path, b)
	holding.Begin(f, path, b)
	var held body
	for _, p := range pieces {
		passing.Feed(&body{data: []byte(p)}, len(p))
		held.data = append(held.data, p...)
		holding.FeedHeld(&held, len(held.data))
		if passing.Settled() != holding.Settled() {
			t.Errorf("%q is settled: %v, and if held: %v", held.data, passing.Settled(), holding.Settled())
		}
	}
	accounts, flaw := passing.End()
	if again, flawAgain := holding.End(); !slices.Equal(again, accounts) || flawAgain != flaw {
		t.Errorf("%q has %q (%v), and if held %q (%v)", held.data, accounts, flaw, again, flawAgain)
	}
	return strings.Join(accounts, " "), flaw
}

// accountOf reads a form.
func accountOf(t testing.TB, names []string, pieces ...string) (string, bool) {
	t.Helper()
	accounts, flaw := accountsOf(t, NewFields(names, false), "/", NewBody(formType, "", true), pieces...)
	return accounts, flaw == Clear
}

func TestAccount(t *testing.T) {
	for i, row := range []struct {
		pieces string // separated by |
		want   string
		bad    bool
	}{
		{"username=alice", "alice", false},
		{"username=Alice+&x=y", "alice", false},
		{"grant_type=password&username=a%40b.example&password=p", "a@b.example", false},
		{"client_id=app&username=alice", "alice", false},
		{"username=alice&client_id=app", "alice", false},
		{"client_id=app", "app", false},
		{"client_id=app&username=", "app", false},
		{"use|rname=al|ice&p", "alice", false},
		{"username=%4|1lice", "alice", false},
		{"username%4=alice", "alice", false},
		{"x=%4&username=bob", "bob", false},
		{"username=a=b", "a=b", false},
		{"xusername=alice&username2=bob", "", false},
		{"username", "", false},
		{"", "", false},
		{"&&=&=x", "", false},
		{"username=a&username=b", "", true},
		{"username=a;username=b", "", true},
		{"username=a&%75sername=b", "", true},
		{"username=a&USERNAME=b", "", true},
		{"username=a&++username=b", "", true},
		{"client id=app", "app", false},
		{"client.id=a&client_id=b", "", true},
		{"username%00x=bob", "bob", false},
		{"username[]=bob", "bob", false},
		{"username[%24ne]=x", "", true},
		{"username=%20&client_id=app", "app", false},
		{"username=" + strings.Repeat("%C2%A0", 1000) + "bob", "bob", false},
		{strings.Repeat("+", 1000) + "username=bob", "bob", false},
		{"a=" + strings.Repeat("x", maxBody) + "&username=b", "", true},
		{"username=" + strings.Repeat("x", 1000), strings.Repeat("x", 256), false},
		{strings.Repeat("x", 1000) + "=y&username=b", "b", false},
	} {
		got, ok := accountOf(t, []string{"username", "client_id"}, strings.Split(row.pieces, "|")...)
		if ok == row.bad || ok && got != row.want {
			t.Errorf("row %d, %.40q: %q (%v), want %q", i, row.pieces, got, ok, row.want)
		}
	}
}

// FuzzAccount: the account in a form of net/url is found, in whatever pieces the form
// arrives. Other bodies do no harm.
func FuzzAccount(f *testing.F) {
	for _, seed := range []string{"alice", "Alice ", "a%20b", "a+b", "%", "=&=", "a@b.example", ";", "\x00", "é"} {
		f.Add(seed, "x=y&", uint64(1))
	}
	f.Fuzz(func(t *testing.T, account, raw string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		accountOf(t, []string{"username"}, cutUp(raw, random)...)
		form := url.Values{"username": {account}, "password": {raw}, "Username2": {"no"}}.Encode()
		if len(form) > maxBody || len(account) > 256 {
			return
		}
		if got, ok := accountOf(t, []string{"client_id", "username"}, cutUp(form, random)...); !ok || got != caller.Account(account) {
			t.Errorf("%q: %q (%v)", form, got, ok)
		}
	})
}

func cutUp(text string, random *rand.Rand) (pieces []string) {
	for text != "" {
		n := 1 + random.IntN(len(text))
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

// The zero Account reads nothing, and neither does one that was ended or stopped.
func TestAccountReadsNothing(t *testing.T) {
	source, names, form := &body{data: []byte("username=alice")}, NewFields([]string{"username"}, false), NewBody(formType, "", false)
	var a Account
	check := func(what string) {
		t.Helper()
		a.Feed(source, len(source.data))
		a.FeedHeld(source, len(source.data))
		if a.Reading() || a.Settled() || source.calls > 0 {
			t.Errorf("%s: reading %v, settled %v, %d calls", what, a.Reading(), a.Settled(), source.calls)
		}
		if accounts, flaw := a.End(); len(accounts) > 0 || flaw != Clear {
			t.Errorf("%s: %q (%v)", what, accounts, flaw)
		}
	}
	check("zero")
	a.Begin(names, "/", Body{})
	check("neither body nor query")
	a.Begin(names, "/?", NewBody("image/png", "", false))
	check("a body that is not read")
	a.Begin(names, "/", form)
	a.Feed(&body{data: []byte("username=bob&username=")}, 22)
	if !a.Reading() || !a.Settled() {
		t.Errorf("reading %v, settled %v", a.Reading(), a.Settled())
	}
	a.Stop()
	check("stopped")
	a.Begin(names, "/", form)
	a.Feed(&body{data: []byte("username=bob")}, 12)
	if accounts, flaw := a.End(); len(accounts) != 1 || accounts[0] != "bob" || flaw != Clear {
		t.Errorf("%q (%v)", accounts, flaw)
	}
	check("ended")
	a.Begin(NewFields(nil, false), "/?x", form)
	if !a.Reading() {
		t.Error("a form without wanted fields is not read")
	}
	a.Feed(&body{data: []byte("=alice&username=bob")}, 19)
	if accounts, flaw := a.End(); len(accounts) > 0 || flaw != Clear {
		t.Errorf("without wanted fields: %q (%v)", accounts, flaw)
	}
}

// One request tells nothing of another one, and costs no memory after the first ones.
func TestAccountAgain(t *testing.T) {
	names := NewFields([]string{"username", "client_id"}, false)
	var a Account
	for _, row := range []struct {
		contentType, body string
		most              float64
	}{
		{formType, "client_id=app&password=x", 0}, {"application/json", `{"client_id": "app", "x": [1]}`, 0},
		{"multipart/form-data; boundary=b", "--b\r\nContent-Type: text/plain\r\n", 2}, // for each line of a header
	} {
		source, form := &body{data: []byte(row.body)}, NewBody(row.contentType, "", true)
		if n := testing.AllocsPerRun(100, func() {
			a.Begin(names, "/?username=x", form)
			a.FeedHeld(source, len(source.data))
			a.Stop()
		}); n > row.most {
			t.Errorf("%s: %.0f allocations", row.contentType, n)
		}
	}
	a.Begin(names, "/?username=carol", NewBody(formType, "", true))
	a.Feed(&body{data: []byte("username=alice&client_id=a&x=%4")}, 31)
	a.Begin(NewFields([]string{"client_id"}, false), "/", NewBody("text/json", "", true))
	a.Feed(&body{data: []byte(`{"client_id":"app"}`)}, 19)
	if accounts, flaw := a.End(); len(accounts) != 1 || accounts[0] != "app" || flaw != Clear {
		t.Errorf("%q (%v)", accounts, flaw)
	}
}

// What was read of a held body is not read again, nor what follows a flaw.
func TestFeedHeldReadsOnlyNew(t *testing.T) {
	source := &body{data: []byte("username=alice")}
	var a Account
	a.Begin(NewFields([]string{"username"}, false), "/", NewBody(formType, "", true))
	for _, size := range []int{0, 9, 9, 14, 14, 3} {
		a.FeedHeld(source, size)
	}
	if accounts, flaw := a.End(); len(accounts) != 1 || accounts[0] != "alice" || flaw != Clear || source.calls != 2 {
		t.Errorf("%q (%v) with %d calls", accounts, flaw, source.calls)
	}
}

// Each place in which services look has an account, and none hides another.
func TestAccountPlaces(t *testing.T) {
	const jsonType, partType = "application/json", "multipart/form-data; boundary=b"
	part := func(name, value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	const end = "--b--\r\n"
	for _, row := range []struct {
		name, path, contentType, body string
		want                          string
	}{
		{"a query", "/?username=Bob&x", "", "", "bob"},
		{"a query and a form", "/?username=bob", formType, "username=ann", "ann bob"},
		{"a query twice", "/?username=a&username=b&username=c", "", "", "a c"},
		{"an encoded query", "/a?%75sername=b%6fb", "", "", "bob"},
		{"the client in the query is no account of a user", "/?client_id=app", formType, "username=ann", "ann"},
		{"nor where the user stands in JSON", "/?client_id=app", jsonType, `{"username": "ann"}`, "ann"},
		{"a user in the query hides no client in the form", "/?username=decoy", formType, "client_id=app", "app decoy"},
		{"a client in both", "/?client_id=a", formType, "client_id=b", "b a"},
		{"JSON", "/", jsonType, `{"username": "Bob"}`, "bob"},
		{"JSON as +json", "/", "application/vnd.x+json; charset=utf-8", `{"username": "Bob"}`, "bob"},
		{"JSON as a form", "/", formType, `{"username": "bob"}`, "bob"},
		{"JSON and a form in one", "/", formType, `{"username":"bob", "x":"&username=ann&"}`, "ann bob"},
		{"JSON as multipart", "/", partType, `{"username": "bob"}`, "bob"},
		{"multipart", "/", partType, part("x", "y") + part("username", "bob") + end, "bob"},
		{"multipart and a query", "/?username=ann", partType, part("client_id", "app") + end, "app ann"},
		{"a part and its path", "/", partType, part("user[email]", "a@b") + end, ""},
		{"nothing", "/", jsonType, "", ""},
		{"another kind, without a body", "/", "text/plain", "", ""},
	} {
		b := NewBody(row.contentType, "", true)
		pieces := []string{row.body}
		if row.body == "" {
			pieces = nil
		}
		got, flaw := accountsOf(t, NewFields([]string{"username", "client_id"}, false), row.path, b, pieces...)
		wantFlaw := Clear
		if row.name == "JSON as multipart" {
			wantFlaw = Unreadable
		}
		if flaw != wantFlaw || flaw == Clear && got != row.want {
			t.Errorf("%s: %q (%v), want %q", row.name, got, flaw, row.want)
		}
	}
	each := NewFields([]string{"username", "email", "user.email"}, true)
	for _, row := range []struct{ contentType, body, want string }{
		{formType, "username=decoy&email=bob", "decoy bob x"},
		{formType, "user%5Bemail%5D=carol", "carol x"},
		{jsonType, `{"user": {"email": "carol"}, "email": "dave"}`, "dave carol x"},
	} {
		if got, flaw := accountsOf(t, each, "/?email=x", NewBody(row.contentType, "", true), row.body); flaw != Clear || got != row.want {
			t.Errorf("%s: %q (%v), want %q", row.body, got, flaw, row.want)
		}
	}
}

// What cannot be read does not go on where the body logs in, and goes on elsewhere.
func TestFlaws(t *testing.T) {
	long := strings.Repeat("x", maxBody)
	for _, row := range []struct {
		contentType, encoding, body string
		strict, lenient             Flaw
		want                        string // the account, if lenient
	}{
		{formType, "", "username=a&username=b", Unclear, Unclear, ""},
		{formType, "", "username=a&x=" + long, Unclear, Unclear, ""},
		{formType, "", `{"username": "a"`, Unreadable, Clear, "a"},
		{formType, "", "\x00{\x00\"", Unreadable, Clear, ""},
		{formType, "gzip", "x", Compressed, Clear, ""},
		{formType, "IDENTITY", "username=a", Clear, Clear, "a"},
		{formType + "; charset=utf-16", "", "x", Unsupported, Clear, ""},
		{formType + ",application/json", "", "x", Unsupported, Clear, ""},
		{"", "", "x", Unsupported, Clear, ""},
		{"application/octet-stream", "", "x", Unsupported, Clear, ""},
		{"application/grpc", "", "\x00", Unsupported, Clear, ""},
		{"application/json", "", `{"username": "a", "username": "b"}`, Unclear, Clear, "b"},
		{"application/json", "", `{"username": {"$ne": ""}}`, Unclear, Clear, ""},
		{"application/json", "", `{"username": "a", "x": "` + long + `"}`, Unclear, Clear, "a"},
		{"application/json", "", `{"username": "a" /**/}`, Unreadable, Clear, "a"},
		{"application/json", "", `{"username": "a"`, Unreadable, Clear, "a"},
		{"application/json", "", "username=a", Unreadable, Clear, ""},
		{"application/json", "", "{\x00\"\x00", Unreadable, Clear, ""},
		{"multipart/form-data; boundary=b", "", "--b\nContent-Disposition: form-data; name=username\n\na\n--b--", Unreadable, Clear, ""},
		{"multipart/form-data", "", "--b", Unsupported, Clear, ""},
	} {
		names := NewFields([]string{"username"}, false)
		if _, flaw := accountsOf(t, names, "/", NewBody(row.contentType, row.encoding, true), row.body); flaw != row.strict {
			t.Errorf("%s %s %.40q: %v", row.contentType, row.encoding, row.body, flaw)
		}
		got, flaw := accountsOf(t, names, "/", NewBody(row.contentType, row.encoding, false), row.body)
		if flaw != row.lenient || flaw == Clear && got != row.want {
			t.Errorf("lenient, %s %s %.40q: %q, %v", row.contentType, row.encoding, row.body, got, flaw)
		}
	}
	for flaw, want := range map[Flaw]int{Unclear: 400, Unreadable: 400, Unsupported: 415, Compressed: 415} {
		if w := flaw.Words(); w.Status != want || (w.AcceptEncoding != "") != (flaw == Compressed) {
			t.Errorf("%v: %+v", flaw, w)
		}
	}
}

// maxBody is how much of a body is read, in bytes.
const maxBody = 64 << 10
