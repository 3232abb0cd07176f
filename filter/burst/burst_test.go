package burst

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// The surfaces of the tests.
const (
	api = iota
	token
	pending
	shadow
	off
)

const surfaces = `{"burst": {"hold": "3s"}, "surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/a"}]},
	{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/b"}]},
	{"name": "pending", "kind": "api", "match": [{"prefix": "/c"}], "lockout": {"pending": 1}},
	{"name": "shadow", "kind": "api", "match": [{"prefix": "/d"}], "lockout": {"mode": "shadow"}},
	{"name": "off", "kind": "api", "match": [{"prefix": "/e"}], "lockout": {"failures": 0}}]}`

func newRoom(t testing.TB, json string) (*Room, *fakehost.Host) {
	t.Helper()
	host := fakehost.New()
	c, m := fakehost.ParseConfig(t, json), report.NewMetrics(host)
	return New(c, counter.New(table.New(host, fakehost.Seed, c.Table.Clients), "gatewarden_table", m), m), host
}

// TestRules shows where requests wait.
func TestRules(t *testing.T) {
	r, _ := newRoom(t, surfaces)
	for surface, want := range map[int]bool{api: true, token: true, pending: false, shadow: false, off: false, 5: false, -1: false} {
		if got := r.Rule(surface) != nil; got != want {
			t.Errorf("surface %d: %v", surface, got)
		}
	}
	if r, _ := newRoom(t, `{"burst": {"hold": "off"}}`); r.Rule(0) != nil {
		t.Error("requests wait although nothing should")
	}
}

// guess is a request of the tests.
type guess struct {
	State
	left    uint32
	calls   int
	refuse  bool
	refused bool
}

// arrive begins a request that presents a credential, "" for none, and tells whether it waits.
func (g *guess) arrive(r *Room, surface int, credential string) bool {
	g.Begin(r.Rule(surface), r.table.Key([]byte("client")), credential != "")
	if g.NamesCredential() {
		g.Credential([]byte(credential))
	}
	if !g.Enter(g.left) {
		g.Wait(g.goOn)
	}
	return g.Waits()
}

func (g *guess) goOn(mayRefuse bool) bool {
	g.calls++
	if g.refuse {
		g.refused = mayRefuse
		return true
	}
	if !g.Enter(g.left) {
		g.Wait(g.goOn)
	}
	return false
}

func some(n int, left uint32) []*guess {
	list := make([]*guess, n)
	for i := range list {
		list[i] = &guess{left: left}
	}
	return list
}

// TestCredentials shows which requests share a place: those with one credential, where it
// stands in the headers, and once half of what is left is under way.
func TestCredentials(t *testing.T) {
	for _, row := range []struct {
		name        string
		surface     int
		credentials string // of one letter each, a blank for none
		waiting     string // x for those that wait
	}{
		{"different ones", api, "abcdefg", "....xxx"},
		{"the same", api, "aaaaaaa", "......."},
		{"the same, after others", api, "abcccccde", "........x"},
		{"the same, when all places are taken", api, "abcdcde", "......x"},
		{"none", api, "       ", "....xxx"},
		{"where the body logs in", token, "aaaaaaa", "....xxx"},
	} {
		r, _ := newRoom(t, surfaces)
		got := ""
		for i, g := range some(len(row.credentials), 4) {
			credential := row.credentials[i : i+1]
			if credential == " " {
				credential = ""
			}
			got += map[bool]string{true: "x", false: "."}[g.arrive(r, row.surface, credential)]
		}
		if got != row.waiting {
			t.Errorf("%s: %s, want %s", row.name, got, row.waiting)
		}
	}
}

// TestAnswers shows which request continues after which response, and when.
func TestAnswers(t *testing.T) {
	begin := func(t *testing.T, credentials string, left uint32) (*Room, []*guess) {
		r, _ := newRoom(t, surfaces)
		all := some(len(credentials), left)
		for i, g := range all {
			g.arrive(r, api, credentials[i:i+1])
		}
		return r, all
	}
	waiting := func(all []*guess) (s string) {
		for _, g := range all {
			s += map[bool]string{true: "x", false: "."}[g.Waits()]
		}
		return s
	}
	check := func(t *testing.T, all []*guess, want string) {
		t.Helper()
		if got := waiting(all); got != want {
			t.Errorf("waiting are %s, want %s", got, want)
		}
	}
	t.Run("neither good nor bad", func(t *testing.T) {
		_, all := begin(t, "abcde", 2)
		check(t, all, "..xxx")
		all[0].Answered()
		check(t, all, "...xx")
		all[0].Answered() // again
		check(t, all, "...xx")
	})
	t.Run("a failure", func(t *testing.T) {
		r, all := begin(t, "abcde", 2)
		for i := range 2 {
			all[i].Failed(false)
			all[i].Answered()
			check(t, all, "..xxx")
		}
		for _, g := range all[2:] {
			g.refuse = true
		}
		r.Tick()
		check(t, all, ".....")
		for _, g := range all[2:] {
			if g.calls != 1 || !g.refused {
				t.Errorf("called %d times, refused %v", g.calls, g.refused)
			}
		}
		if r.clients.count != 0 || r.waiting != 0 {
			t.Errorf("%d clients, %d waiting", r.clients.count, r.waiting)
		}
	})
	t.Run("a success lets all with the credential go on", func(t *testing.T) {
		_, all := begin(t, "abcdcc", 2)
		check(t, all, "..xxxx")
		all[1].Accepted()
		all[1].Answered()
		check(t, all, "...xxx")
		all[2].Accepted()
		all[2].Answered()
		check(t, all, "......")
	})
	t.Run("a failure ends what a success said", func(t *testing.T) {
		r, all := begin(t, "aab", 2)
		all[1].Accepted()
		all[1].Answered()
		if g := some(1, 2)[0]; g.arrive(r, api, "a") {
			t.Error("a good credential waits")
		}
		all[1].Failed(false)
		if g := some(1, 2)[0]; !g.arrive(r, api, "a") {
			t.Error("a credential that was refused passes")
		}
	})
	t.Run("who leaves makes room at the tick", func(t *testing.T) {
		r, all := begin(t, "abcd", 1)
		all[1].Leave()
		all[0].Leave()
		check(t, all, "..xx")
		r.Tick()
		check(t, all, "...x")
	})
	t.Run("a refusal waits for the tick", func(t *testing.T) {
		r, all := begin(t, "ab", 1)
		all[1].refuse = true
		all[0].Answered()
		check(t, all, ".x")
		r.Tick()
		if check(t, all, ".."); !all[1].refused || all[1].calls != 2 {
			t.Errorf("%+v", all[1])
		}
	})
	t.Run("an excuse", func(t *testing.T) {
		r, all := begin(t, "a", 1)
		g := some(1, 1)[0]
		g.Begin(r.Rule(api), r.table.Key([]byte("client")), true)
		if g.Enter(1) || !g.Crowded() {
			t.Fatal("there is room")
		}
		g.Excuse()
		if g.Crowded() || !g.Enter(1) {
			t.Error("it is not excused")
		}
		g.Leave()
		if all[0].Leave(); r.clients.count != 0 {
			t.Error("the client is not forgotten")
		}
	})
}

// TestHold shows that a wait ends with the third tick, also if others go on before.
func TestHold(t *testing.T) {
	r, _ := newRoom(t, surfaces)
	all := some(4, 1)
	for i, g := range all[:3] {
		g.arrive(r, api, fmt.Sprint(i))
	}
	r.Tick()
	all[3].arrive(r, api, "3")
	for tick, want := range []int{3, 1, 0} {
		if r.Tick(); int(r.waiting) != want && tick > 0 {
			t.Errorf("tick %d: %d wait, want %d", tick+2, r.waiting, want)
		}
	}
}

// TestRandomBursts makes requests arrive, be answered and disconnect at random. Apart from
// requests whose wait has expired, there are never more guesses in progress than failures
// left. No request waits for longer than three ticks or is called after its end, and
// nothing is left over.
func TestRandomBursts(t *testing.T) {
	for seed := uint64(0); seed < 300; seed++ {
		random := rand.New(rand.NewPCG(seed, 3))
		r, _ := newRoom(t, surfaces)
		left := 1 + random.Uint32N(6)
		since := map[*guess]uint32{}
		var all []*guess
		for range 300 {
			switch move := random.IntN(20); {
			case move < 10:
				g := &guess{left: left}
				g.arrive(r, random.IntN(2), []string{"", "a", "b", "c", "d", "e"}[random.IntN(6)])
				since[g] = r.ticks
				all = append(all, g)
			case move < 19 && len(all) > 0:
				i := random.IntN(len(all))
				g := all[i]
				waited := g.Waits()
				switch random.IntN(4) {
				case 0:
					g.Accepted()
				case 1:
					g.Failed(false)
				}
				if random.IntN(2) == 0 && !waited {
					g.Answered()
				}
				g.Leave()
				all[i] = all[len(all)-1]
				all = all[:len(all)-1]
				g.calls = -1000
			default:
				r.Tick()
			}
			expired := map[*client]uint32{}
			for _, g := range all {
				switch {
				case g.calls < 0:
					t.Fatalf("seed %d: called after the end", seed)
				case g.Waits() && r.ticks-since[g] >= 3:
					t.Fatalf("seed %d: one has waited for %d ticks", seed, r.ticks-since[g])
				case g.stage == inside && g.expired:
					expired[g.client]++
				}
			}
			r.clients.each(func(c *client) {
				if n := c.attempts - expired[c]; n > left {
					t.Fatalf("seed %d: %d under way, %d are left", seed, n, left)
				}
			})
		}
		for _, g := range all {
			g.Leave()
		}
		if r.clients.count != 0 || r.waiting != 0 {
			t.Fatalf("seed %d: %d clients and %d waiting are left over", seed, r.clients.count, r.waiting)
		}
	}
}

// TestPassingAllocatesNothing: neither a request alone nor many at once.
func TestPassingAllocatesNothing(t *testing.T) {
	r, _ := newRoom(t, surfaces)
	all := some(8, 8)
	if n := testing.AllocsPerRun(100, func() {
		for _, g := range all {
			g.arrive(r, api, "a")
		}
		for _, g := range all {
			g.Accepted()
			g.Answered()
			g.Leave()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
