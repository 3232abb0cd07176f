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

// A form that net/url reads without complaint is read alike, in whatever pieces.
func FuzzAccountForm(f *testing.F) {
	for _, seed := range []string{
		"username=alice&password=x", "client_id=a%20b&grant_type=refresh_token", "a=1&username=%41+b", "username=%", "=&=", "username==",
	} {
		f.Add(seed, uint64(1))
	}
	f.Fuzz(func(t *testing.T, body string, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		var pieces []string
		for rest := body; rest != ""; {
			n := 1 + random.IntN(len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		got, ok := accountOf([]string{"username"}, pieces...)
		values, err := url.ParseQuery(body)
		if err != nil || len(body) > maxAccountForm || strings.Contains(body, ";") {
			return
		}
		if list := values["username"]; len(list) == 1 && strings.Count(body, "=") > 0 && ok {
			want := list[0]
			if len(want) > maxAccount {
				want = want[:maxAccount]
			}
			if strings.Contains(body, "=") && got != plainAccount(want) && want != "" && !strings.Contains(body, "username&") && !strings.HasSuffix(body, "username") {
				t.Errorf("%q: %q, want %q", body, got, want)
			}
		} else if len(list) == 0 && got != "" {
			t.Errorf("%q: %q out of nowhere", body, got)
		}
	})
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
