package lockout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
)

func TestExplain(t *testing.T) {
	const full = `"failures": 2, "window": "1m", "known_good": {"for": "1h"}, "wide": {"failures": 9}`
	for _, row := range []struct {
		name, lockout, who string
		before             []int // responses to earlier requests
		after              int64 // milliseconds since then
		preflight          bool
		want               View
	}{
		{"nothing yet", full, "x", nil, 0, false, View{Tracked: true, MayFail: true}},
		{"a failure", full, "x", []int{401}, 0, false, View{Tracked: true, MayFail: true,
			Client: counter.View{Count: 1, WindowEnd: 1_060_000}, Network: counter.View{Count: 1, WindowEnd: 1_060_000}}},
		{"locked out", full, "x", []int{401, 401}, 0, false, View{Tracked: true, MayFail: true,
			Client:  counter.View{Count: 2, WindowEnd: 1_060_000, LockedUntil: 1_060_000},
			Network: counter.View{Count: 2, WindowEnd: 1_060_000}}},
		{"over", full, "x", []int{401, 401}, 60_000, false, View{Tracked: true, MayFail: true}},
		{"the lockout is over, its window is not", `"failures": 1, "window": "1m", "duration": "10s"`, "x", []int{401}, 10_000, false,
			View{MayFail: true, Client: counter.View{Count: 1, WindowEnd: 1_060_000}}},
		{"known", full, "x", []int{200}, 0, false, View{Tracked: true, Known: true, MayFail: true}},
		{"without a credential", full, "", []int{401}, 0, false, View{}},
		{"a preflight", full, "x", []int{401}, 0, true, View{Standing: report.OnlyPreflight, Tracked: true, MayFail: true}},
		{"off", `"mode": "off"`, "x", nil, 0, false, View{Standing: report.RuleOff, MayFail: true}},
	} {
		w := newWorker(t, oneSurface(row.lockout))
		for _, status := range row.before {
			w.respond(w.begin(ann, row.who), status)
		}
		w.host.Time += row.after
		s := w.begin(ann, row.who)
		before := fmt.Sprint(w.host.Data)
		if got := s.Explain(w.room.Rule(0), w.client(ann), &caller.Guess{}, row.preflight, row.who != ""); got != row.want {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
		if fmt.Sprint(w.host.Data) != before {
			t.Errorf("%s: explaining changes the table", row.name)
		}
	}
}

// A credential that excuses its client shows as excused.
func TestExplainExcused(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "known_good": {"for": "1h"}`))
	w.exchange(ann, "alice", 200)
	w.exchange(ann, "guess", 401)
	s := w.begin(ann, "alice")
	w.request(s)
	if v := s.Explain(w.room.Rule(0), w.client(ann), &caller.Guess{}, false, true); !v.Excused || !v.Known || v.Client.LockedUntil == 0 {
		t.Errorf("%+v", v)
	}
}

// The limit that refuses a request shows, and only that one.
func TestExplainRefused(t *testing.T) {
	for _, row := range []struct {
		name, lockout string
		failures      int
		pending       int // requests whose responses are to come
		want          Limit
		reason        refusal.Reason
	}{
		{"nothing", `"failures": 2`, 1, 0, NoLimit, ""},
		{"failures of the client", `"failures": 2`, 2, 0, ClientLimit, refusal.LockedOut},
		{"failures of the network", `"failures": 9, "wide": {"failures": 2}`, 2, 0, NetworkLimit, refusal.LockedOut},
		{"both, for the same time", `"failures": 2, "duration": "1m", "wide": {"failures": 2}`, 2, 0, ClientLimit, refusal.LockedOut},
		{"attempts at the same time", `"failures": 1, "pending": 1`, 0, 2, PendingLimit, refusal.RateLimited},
		{"shadow mode", `"failures": 1, "mode": "shadow"`, 1, 0, ClientLimit, refusal.LockedOut},
	} {
		w := newWorker(t, oneSurface(row.lockout))
		for range row.failures {
			w.exchange(ann, "x", 401)
		}
		for range row.pending {
			w.request(w.begin(ann, "x"))
		}
		s := w.begin(ann, "x")
		if reason := w.request(s); reason != row.reason {
			t.Errorf("%s: refused for %q, want %q", row.name, reason, row.reason)
		}
		if got := s.Explain(w.room.Rule(0), w.client(ann), &caller.Guess{}, false, true).Refused; got != row.want {
			t.Errorf("%s: the limit %d, want %d", row.name, got, row.want)
		}
	}
}

// A request that is decided about again, and passes then, was refused by nothing.
func TestExplainRefusedAtFirst(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "window": "1m"`))
	w.exchange(ann, "x", 401)
	s := w.begin(ann, "x")
	if w.request(s) == "" {
		t.Fatal("it passes at once")
	}
	w.host.Time += 60_000
	if w.request(s) != "" {
		t.Fatal("it is refused again")
	}
	if got := s.Explain(w.room.Rule(0), w.client(ann), &caller.Guess{}, false, true).Refused; got != NoLimit {
		t.Errorf("the limit %d", got)
	}
}

// A request that never came to Begin is explained, too.
func TestExplainWithoutBegin(t *testing.T) {
	w := newWorker(t, strings.Replace(oneSurface(``), "{", `{"client": {"allow": ["192.0.2.1"]}, `, 1))
	for _, row := range []struct {
		address   string
		preflight bool
		want      report.Standing
	}{{other, true, report.OnlyPreflight}, {ann, true, report.OnlyPreflight}, {ann, false, report.ClientAllowed}} {
		if v := (&State{}).Explain(w.room.Rule(0), w.client(row.address), &caller.Guess{}, row.preflight, true); v != (View{Standing: row.want, MayFail: true}) {
			t.Errorf("%+v: %+v", row, v)
		}
	}
}

// What has failed before shows where it counts once, until its window ends.
func TestExplainRepeats(t *testing.T) {
	for _, row := range []struct {
		name, lockout string
		failed, now   byte
		after         int64
		want          bool
	}{
		{"the same", `"repeats": "once"`, 'a', 'a', 59_999, true},
		{"in the next window", `"repeats": "once"`, 'a', 'a', 60_000, false},
		{"another one", `"repeats": "once"`, 'a', 'b', 0, false},
		{"what is not known", `"repeats": "once"`, '-', '-', 0, false},
		{"where each failure counts", `"repeats": "count"`, 'a', 'a', 0, false},
	} {
		w := newWorker(t, oneSurface(`"window": "1m", `+row.lockout))
		w.failWith(ann, row.failed)
		w.host.Time += row.after
		if got := w.begin(ann, "x").Explain(w.room.Rule(0), w.client(ann), guessed(row.now), false, true).Repeats; got != row.want {
			t.Errorf("%s: %t", row.name, got)
		}
	}
}
