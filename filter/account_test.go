package filter

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

func accountOf(fields []string, pieces ...string) (string, bool) {
	a := newAccountForm(fields)
	for _, p := range pieces {
		a.feed([]byte(p))
	}
	return a.end()
}

func TestAccountForm(t *testing.T) {
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
		{"username=a=b", "a=b", false},
		{"xusername=alice&username2=bob", "", false},
		{"username", "", false},
		{"", "", false},
		{"&&=&=x", "", false},
		{"username=a&username=b", "", true},
		{"username=a;username=b", "", true},
		{"username=a&%75sername=b", "", true},
		{"a=" + strings.Repeat("x", maxAccountForm) + "&username=b", "", true},
		{"username=" + strings.Repeat("x", 1000), strings.Repeat("x", maxAccount), false},
		{strings.Repeat("x", 1000) + "=y&username=b", "b", false},
	} {
		got, ok := accountOf([]string{"username", "client_id"}, strings.Split(row.pieces, "|")...)
		if ok == row.bad || ok && got != row.want {
			t.Errorf("row %d, %.40q: %q (%v), want %q", i, row.pieces, got, ok, row.want)
		}
	}
}

// What net/url writes into a form is read from it, in whatever pieces it comes,
// and what is no form at all does no harm.
func FuzzAccountForm(f *testing.F) {
	for _, seed := range []string{"alice", "Alice ", "a%20b", "a+b", "%", "=&=", "a@b.example", ";", "\x00", "é"} {
		f.Add(seed, "x=y&", uint64(1))
	}
	f.Fuzz(func(t *testing.T, account, raw string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		accountOf([]string{"username"}, cutUp(raw, random)...)
		form := url.Values{"username": {account}, "password": {raw}, "Username": {"no"}}.Encode()
		if len(form) > maxAccountForm || len(account) > maxAccount {
			return
		}
		if got, ok := accountOf([]string{"client_id", "username"}, cutUp(form, random)...); !ok || got != plainAccount(account) {
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

func TestDelay(t *testing.T) {
	for _, row := range []struct {
		count uint32
		want  int64
	}{{3, 1000}, {4, 2000}, {5, 4000}, {6, 8000}, {7, 16000}, {8, 30000}, {1 << 31, 30000}} {
		if got := delay(row.count, 3); got != row.want {
			t.Errorf("delay after %d failures of 3: %d ms, want %d", row.count, got, row.want)
		}
	}
}
