package credential

import (
	"math/rand/v2"
	"net/url"
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

// accountOf returns the account of a body that arrives in pieces, and fails the test if
// it depends on whether the body is held or passes through.
func accountOf(t testing.TB, fields []string, pieces ...string) (string, bool) {
	t.Helper()
	var passing, holding Account
	passing.Begin(fields)
	holding.Begin(fields)
	var held body
	for _, p := range pieces {
		passing.Feed(&body{data: []byte(p)}, len(p))
		held.data = append(held.data, p...)
		holding.FeedHeld(&held, len(held.data))
		if passing.Broken() != holding.Broken() {
			t.Errorf("%q is broken: %v, and if held: %v", held.data, passing.Broken(), holding.Broken())
		}
	}
	account, ok := passing.End()
	if again, okAgain := holding.End(); again != account || okAgain != ok {
		t.Errorf("%q has %q (%v), and if held %q (%v)", held.data, account, ok, again, okAgain)
	}
	return account, ok
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
		{"a=" + strings.Repeat("x", maxForm) + "&username=b", "", true},
		{"username=" + strings.Repeat("x", 1000), strings.Repeat("x", maxAccount), false},
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
		form := url.Values{"username": {account}, "password": {raw}, "Username": {"no"}}.Encode()
		if len(form) > maxForm || len(account) > maxAccount {
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
	source := &body{data: []byte("username=alice")}
	var a Account
	check := func(what string) {
		t.Helper()
		a.Feed(source, len(source.data))
		a.FeedHeld(source, len(source.data))
		if a.Reading() || a.Broken() || source.calls > 0 {
			t.Errorf("%s: reading %v, broken %v, %d calls", what, a.Reading(), a.Broken(), source.calls)
		}
		if account, ok := a.End(); account != "" || !ok {
			t.Errorf("%s: %q (%v)", what, account, ok)
		}
	}
	check("zero")
	a.Begin([]string{"username"})
	a.Feed(&body{data: []byte("username=bob&username=")}, 22)
	if !a.Reading() || !a.Broken() {
		t.Errorf("reading %v, broken %v", a.Reading(), a.Broken())
	}
	a.Stop()
	check("stopped")
	a.Begin([]string{"username"})
	a.Feed(&body{data: []byte("username=bob")}, 12)
	if account, ok := a.End(); account != "bob" || !ok {
		t.Errorf("%q (%v)", account, ok)
	}
	check("ended")
	a.Begin(nil)
	if !a.Reading() {
		t.Error("a form without wanted fields is not read")
	}
	a.Feed(&body{data: []byte("=alice&username=bob")}, 19)
	if account, ok := a.End(); account != "" || !ok {
		t.Errorf("without wanted fields: %q (%v)", account, ok)
	}
}

// One request tells nothing of another one, and costs no memory after the first ones.
func TestAccountAgain(t *testing.T) {
	fields := []string{"username", "client_id"}
	source := &body{data: []byte("client_id=app&password=x")}
	var a Account
	if n := testing.AllocsPerRun(100, func() {
		a.Begin(fields)
		a.FeedHeld(source, len(source.data))
		a.Stop()
	}); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
	a.Begin(fields)
	a.Feed(&body{data: []byte("username=alice&client_id=a&x=%4")}, 31)
	a.Begin(fields[1:])
	a.Feed(source, len(source.data))
	if account, ok := a.End(); account != "app" || !ok {
		t.Errorf("%q (%v)", account, ok)
	}
}

// What was read of a held body is not read again.
func TestFeedHeldReadsOnlyNew(t *testing.T) {
	source := &body{data: []byte("username=alice")}
	var a Account
	a.Begin([]string{"username"})
	for _, size := range []int{0, 9, 9, 14, 14, 3} {
		a.FeedHeld(source, size)
	}
	if account, ok := a.End(); account != "alice" || !ok || source.calls != 2 {
		t.Errorf("%q (%v) with %d calls", account, ok, source.calls)
	}
}
