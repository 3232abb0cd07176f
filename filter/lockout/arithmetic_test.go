package lockout

import (
	"math/rand"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/table"
)

const (
	sec  = int64(1000)
	mins = 60 * sec
	hour = 60 * mins
)

// step is a row of a lockout's script: what happens at a time, and the record after it.
// Times are relative to the start of the script.
type step struct {
	at int64
	// do is "fail", or "take" for a success that takes back so many failures, or ""
	// to look only.
	do   string
	take uint32
	rule *config.Lockout // the rule from here on, nil for the same

	count   uint32
	locks   bool  // this failure locks out
	until   int64 // relative; 0 if not locked out at this time
	strikes uint8
}

func TestLockout(t *testing.T) {
	const begin = 1_000_000
	three := config.Lockout{Failures: 3, Window: mins}
	fixed := config.Lockout{Failures: 2, Window: mins, Duration: 10 * mins}
	short := config.Lockout{Failures: 2, Window: mins, Duration: 10 * sec}
	growing := config.Lockout{Failures: 1, Window: mins, Escalate: config.Escalate{Factor: 2, Max: 5 * mins, Forget: hour}}
	both := config.Lockout{Failures: 1, Window: mins, Duration: 10 * sec,
		Escalate: config.Escalate{Factor: 3, Max: 2 * mins, Forget: hour}}
	one := config.Lockout{Failures: 1, Window: mins}
	for _, script := range []struct {
		name  string
		rule  config.Lockout
		floor uint8
		steps []step
	}{
		{"the limit locks until the window ends", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 10 * sec, do: "fail", count: 2},
			{at: 20 * sec, do: "fail", count: 3, locks: true, until: mins},
			{at: mins - 1, count: 3, until: mins},
			{at: mins, count: 3},
		}},
		{"the window is fixed and begins with the first failure", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: mins - 1, do: "fail", count: 2},
			{at: mins, do: "fail", count: 1},
			{at: 2*mins - 1, do: "fail", count: 2},
			{at: 2 * mins, do: "fail", count: 1},
		}},
		{"a limit of one", one, 0, []step{
			{at: 0, do: "fail", count: 1, locks: true, until: mins},
			{at: mins, do: "fail", count: 1, locks: true, until: 2 * mins},
		}},
		{"failures during a lockout do not prolong it", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 0, do: "fail", count: 2},
			{at: 0, do: "fail", count: 3, locks: true, until: mins},
			{at: 1, do: "fail", count: 4, until: mins},
			{at: 59 * sec, do: "fail", count: 5, until: mins},
			{at: mins, do: "fail", count: 1},
		}},
		{"a duration longer than the window", fixed, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 30 * sec, do: "fail", count: 2, locks: true, until: 30*sec + 10*mins},
			{at: 5 * mins, do: "fail", count: 3, until: 30*sec + 10*mins},
			{at: 30*sec + 10*mins, do: "fail", count: 1},
		}},
		{"a duration shorter than the window: its end forgives all failures", short, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: sec, do: "fail", count: 2, locks: true, until: 11 * sec},
			{at: 11 * sec, do: "fail", count: 1},
			{at: 12 * sec, do: "fail", count: 2, locks: true, until: 22 * sec},
		}},
		{"repeated lockouts are longer, up to a maximum", growing, 0, []step{
			{at: 0, do: "fail", count: 1, locks: true, until: mins, strikes: 1},
			{at: mins, do: "fail", count: 1, locks: true, until: 3 * mins, strikes: 2},
			{at: 3 * mins, do: "fail", count: 1, locks: true, until: 7 * mins, strikes: 3},
			{at: 7 * mins, do: "fail", count: 1, locks: true, until: 12 * mins, strikes: 4},
			{at: 12 * mins, do: "fail", count: 1, locks: true, until: 17 * mins, strikes: 5},
			// One millisecond before the row of lockouts is forgotten, and then after it.
			{at: 17*mins + hour - 1, do: "fail", count: 1, locks: true, until: 22*mins + hour - 1, strikes: 6},
			{at: 22*mins + 2*hour - 1, do: "fail", count: 1, locks: true, until: 23*mins + 2*hour - 1, strikes: 1},
		}},
		{"a growing duration", both, 0, []step{
			{at: 0, do: "fail", count: 1, locks: true, until: 10 * sec, strikes: 1},
			{at: 10 * sec, do: "fail", count: 1, locks: true, until: 40 * sec, strikes: 2},
			{at: 40 * sec, do: "fail", count: 1, locks: true, until: 130 * sec, strikes: 3},
			{at: 130 * sec, do: "fail", count: 1, locks: true, until: 250 * sec, strikes: 4},
		}},
		{"a repeated lockout grows from the whole window, however late it begins", config.Lockout{Failures: 2, Window: mins,
			Escalate: config.Escalate{Factor: 2, Max: hour, Forget: hour}}, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 50 * sec, do: "fail", count: 2, locks: true, until: mins, strikes: 1},
			{at: mins, do: "fail", count: 1, strikes: 1},
			{at: 110 * sec, do: "fail", count: 2, locks: true, until: 230 * sec, strikes: 2},
		}},
		{"a success takes back", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 1, do: "fail", count: 2},
			{at: 2, do: "take", take: 1, count: 1},
			{at: 3, do: "fail", count: 2},
			{at: 4, do: "take", take: 9, count: 0},
			{at: 5, do: "fail", count: 1},
			{at: mins - 1, do: "fail", count: 2},
		}},
		{"a success does not end a lockout", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 0, do: "fail", count: 2},
			{at: 0, do: "fail", count: 3, locks: true, until: mins},
			{at: 1, do: "take", take: 3, count: 3, until: mins},
		}},
		{"a success after the window takes back nothing", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: mins, do: "take", take: 1, count: 1},
		}},
		{"strikes outlive failures that were taken back", config.Lockout{Failures: 2, Window: mins,
			Escalate: config.Escalate{Factor: 2, Max: hour, Forget: hour}}, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 0, do: "fail", count: 2, locks: true, until: mins, strikes: 1},
			{at: mins, do: "fail", count: 1, strikes: 1},
			{at: mins, do: "take", take: 1, count: 0, strikes: 1},
			{at: mins, do: "fail", count: 1, strikes: 1},
		}},
		{"a lower limit applies at once", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 0, do: "fail", count: 2},
			{at: 1, rule: &one, count: 2},
			{at: 2, do: "fail", count: 3, locks: true, until: mins},
		}},
		{"a higher limit applies at once, and does not end a lockout", one, 0, []step{
			{at: 0, do: "fail", count: 1, locks: true, until: mins},
			{at: 1, rule: &three, count: 1, until: mins},
			{at: 2, do: "fail", count: 2, until: mins},
			{at: mins, do: "fail", count: 1},
		}},
		{"a shorter window applies at once", config.Lockout{Failures: 3, Window: hour}, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: mins, rule: &three, count: 1},
			{at: mins, do: "fail", count: 2},
			{at: mins, do: "fail", count: 3, locks: true, until: 2 * mins},
		}},
		{"a longer window applies from the next one on", three, 0, []step{
			{at: 0, do: "fail", count: 1},
			{at: 1, rule: &config.Lockout{Failures: 3, Window: hour}, count: 1},
			{at: mins - 1, do: "fail", count: 2},
			{at: mins, do: "fail", count: 1},
			{at: hour, do: "fail", count: 2},
		}},
		{"a new record inherits from evicted ones", config.Lockout{Failures: 10, Window: mins}, 128, []step{
			{at: 0, do: "fail", count: 6},
			{at: 0, do: "fail", count: 7},
		}},
		{"but never so much that one mistake locks", config.Lockout{Failures: 10, Window: mins}, 255, []step{
			{at: 0, do: "fail", count: 9},
			{at: 0, do: "fail", count: 10, locks: true, until: mins},
		}},
	} {
		t.Run(script.name, func(t *testing.T) {
			rule := script.rule
			var r table.Record
			for i, s := range script.steps {
				now := begin + s.at
				if s.rule != nil {
					rule = *s.rule
				}
				locks := false
				switch s.do {
				case "fail":
					floor := script.floor
					if r != (table.Record{}) {
						floor = 0
					}
					r, locks = fail(r, floor, &rule, now, 0)
				case "take":
					r, _ = takeBack(r, s.take, &rule, now)
				}
				until := int64(0)
				if now < r.LockedUntil {
					until = r.LockedUntil - begin
				}
				if r.Count != s.count || locks != s.locks || until != s.until || r.Strikes != s.strikes {
					t.Fatalf("step %d at %d: count %d, locks %v, until %d, strikes %d; want %d, %v, %d, %d",
						i, s.at, r.Count, locks, until, r.Strikes, s.count, s.locks, s.until, s.strikes)
				}
			}
		})
	}
}

// TestLockoutProperties plays random scripts.
func TestLockoutProperties(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for game := 0; game < 2000; game++ {
		rule := config.Lockout{Failures: uint32(1 + random.Intn(5)), Window: int64(1+random.Intn(60)) * sec}
		if random.Intn(2) == 0 {
			rule.Duration = int64(1+random.Intn(120)) * sec
		}
		longest := max(rule.Duration, rule.Window)
		if random.Intn(2) == 0 {
			rule.Escalate = config.Escalate{Factor: 1 + 3*random.Float64(), Max: longest * 4, Forget: hour}
			longest = rule.Escalate.Max
		}
		var r table.Record
		now := int64(1_000_000)
		inWindow, windowEnd := uint32(0), int64(0) // counted independently
		for i := 0; i < 60; i++ {
			now += int64(random.Intn(20_000))
			before := r
			if random.Intn(4) == 0 {
				n := uint32(random.Intn(3))
				after, changed := takeBack(r, n, &rule, now)
				if !changed && after != r {
					t.Fatal("unchanged, yet different")
				}
				if after.Count > r.Count || r.Count-after.Count > n {
					t.Fatalf("taking back %d made %d of %d", n, after.Count, r.Count)
				}
				if now < r.LockedUntil && after != r {
					t.Fatal("a success changed a lockout")
				}
				if changed {
					inWindow -= min(n, inWindow)
				}
				r = after
				if r.Count == 0 {
					inWindow, windowEnd = 0, 0
				}
				continue
			}
			wasLocked := now < before.LockedUntil
			if !wasLocked && (now >= windowEnd || before.LockedUntil != 0) {
				inWindow, windowEnd = 0, now+rule.Window
			}
			inWindow++
			var locks bool
			r, locks = fail(r, 0, &rule, now, 0)
			switch {
			case wasLocked:
				if locks || r.LockedUntil != before.LockedUntil || r.Strikes != before.Strikes || r.ForgetAt != before.ForgetAt ||
					r.WindowEnd != before.WindowEnd {
					t.Fatalf("a failure while locked made %+v of %+v", r, before)
				}
			case locks != (inWindow >= rule.Failures):
				t.Fatalf("failure %d of %d locks: %v", inWindow, rule.Failures, locks)
			case r.Count > rule.Failures, r.Count != inWindow:
				t.Fatalf("count is %d after %d of %d", r.Count, inWindow, rule.Failures)
			case locks && (r.LockedUntil <= now || r.LockedUntil-now > longest):
				t.Fatalf("locked for %d, at most %d", r.LockedUntil-now, longest)
			case !locks && r.LockedUntil != 0:
				t.Fatalf("not locked until %d", r.LockedUntil)
			case r.WindowEnd > now+rule.Window:
				t.Fatal("the window is too long")
			case locks && r.Level != counter.FullLevel:
				t.Fatalf("level %d of a locked record", r.Level)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	const now = 1_000_000
	for left, want := range map[int64]int64{
		-5000: 1, 0: 1, 1: 1, 999: 1, 1000: 1, 1001: 2, 1999: 2, 2000: 2, 2001: 3, 60_000: 60, 59_001: 60,
		30 * 24 * hour: 30 * 24 * 3600,
	} {
		r := table.Record{LockedUntil: now + left}
		if got := refusal.SecondsUntil(r.LockedUntil, now); got != want {
			t.Errorf("%d ms are %d s, want %d", left, got, want)
		}
		// A client that waits this long is served, one that waits a second less is not.
		if left > 0 && (now+want*1000 < r.LockedUntil || now+(want-1)*1000 >= r.LockedUntil) {
			t.Errorf("%d s are not the wait for %d ms", want, left)
		}
	}
}

func TestCountsDoNotOverflow(t *testing.T) {
	rule := config.Lockout{Failures: 5, Window: mins}
	r := table.Record{Count: 1<<32 - 1, WindowEnd: 2 * mins, LockedUntil: 2 * mins}
	if r, _ = fail(r, 0, &rule, mins, 0); r.Count != 1<<32-1 {
		t.Errorf("count is %d", r.Count)
	}
	growing := config.Lockout{Failures: 1, Window: sec, Escalate: config.Escalate{Factor: 100, Max: 720 * hour, Forget: 720 * hour}}
	r = table.Record{}
	now := int64(0)
	for i := 0; i < 1000; i++ {
		r, _ = fail(r, 0, &growing, now, 0)
		if length := r.LockedUntil - now; length <= 0 || length > 720*hour {
			t.Fatalf("lockout %d lasts %d", i, length)
		}
		now = r.LockedUntil
	}
	if r.Strikes != 255 {
		t.Errorf("%d strikes", r.Strikes)
	}
}

// A lockout of another count ends with the window of that count, unless the rule has a
// duration.
func TestLockOfAnotherWindow(t *testing.T) {
	const windowEnd, now = 9_000, 5_000
	for _, row := range []struct {
		name string
		rule config.Lockout
		r    table.Record
		want table.Record
	}{
		{"until the window ends", config.Lockout{Window: 8000}, table.Record{Count: 3, WindowEnd: 5001},
			table.Record{Count: 3, WindowEnd: 5001, LockedUntil: 9000}},
		{"a duration", config.Lockout{Window: 8000, Duration: 500}, table.Record{},
			table.Record{LockedUntil: 5500}},
		{"escalated", config.Lockout{Window: 8000, Escalate: config.Escalate{Factor: 2, Max: 60_000, Forget: 100}},
			table.Record{Strikes: 1, ForgetAt: 6000}, table.Record{Strikes: 2, LockedUntil: 21_000, ForgetAt: 21_100}},
	} {
		if got := lock(row.r, &row.rule, windowEnd, now, 0); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}
