package lockout

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// registered returns the lockouts in the register, each in a line.
func (w *worker) registered() []string {
	var lines []string
	register.New(w.host).List(w.host.Time, func(l register.Lockout) {
		r, _, _ := table.NewSized(w.host, fakehost.Seed, l.Size).Get(l.Key, w.host)
		line := fmt.Sprintf("%s %v %q since %d until %d in the table %d", l.Surface, l.What, l.Client, l.Since, l.Until, r.LockedUntil)
		if l.Also != (table.Key{}) {
			line += ", also another"
		}
		lines = append(lines, line)
	})
	slices.Sort(lines)
	return lines
}

func TestLines(t *testing.T) {
	w := newWorker(t, `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 2, "window": "1m"}},
		{"name": "shadow", "kind": "api", "match": [{"prefix": "/shadow"}], "lockout": {"failures": 1, "mode": "shadow", "wide": {"failures": 1}}}]}`)
	w.exchange(ann, "x", 401)
	w.host.Time += 500
	w.exchange(ann, "x", 401)
	s := w.beginOn(1, ann, "x")
	f := s.Fail(&caller.Guess{}, w.host.Time)
	s.FailNetwork(&caller.Guess{}, w.host.Time)
	s.Report(&f, report.Cause{Status: 400, Code: "invalid_grant"}, table.Key{}, w.host.Time)
	want := []string{
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=1 limit=2",
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=2 limit=2 locked_for=60",
		"gatewarden: network lockout surface=shadow client=192.0.2.0/24 failures=1 locked_for=60",
		"gatewarden: failure surface=shadow client=192.0.2.1 reason=invalid_grant failures=1 limit=1 locked_for=60",
	}
	if got := strings.Join(w.host.Log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestLostFailure(t *testing.T) {
	w := newWorker(t, oneSurface(`"reset_on_success": true`))
	w.host.Races = 1_000_000
	s := w.begin(ann, "x")
	w.respond(s, 401)
	if len(w.host.Log) != 1 || w.host.Log[0] != "gatewarden: uncounted failure surface=a client=192.0.2.1 reason=status_401" {
		t.Errorf("%q", w.host.Log)
	}
	if value(t, "gatewarden_table_contended_total", w) != 1 || value(t, "gatewarden_auth_failures_total.surface.a", w) != 1 {
		t.Error("the loss is in no metric")
	}
}

// Lines about single failures have the rate of their kind, those of networks that of
// theirs. What is not written is counted all the same.
func TestRates(t *testing.T) {
	w := newWorker(t, strings.Replace(oneSurface(`"failures": 9, "wide": {"failures": 2}`), "{", `{"log": {"per_second": 1}, `, 1))
	for range 4 {
		w.respond(w.begin(ann, "x"), 401)
	}
	if len(w.host.Log) != 2 || !strings.HasPrefix(w.host.Log[1], "gatewarden: network lockout") {
		t.Errorf("%q", w.host.Log)
	}
	w.host.Races = 1_000_000
	w.respond(w.begin(ann, "x"), 401) // lost, and no line for it
	if got := value(t, "gatewarden_log_suppressed_total", w); got != 4 || len(w.host.Log) != 2 {
		t.Errorf("%d lines are counted as left out, written are %q", got, w.host.Log)
	}
}

func TestLockoutsAreRegistered(t *testing.T) {
	for _, row := range []struct {
		name, lockout string
		failures      int
		want          []string
	}{
		{"before the limit, nothing", `"failures": 3`, 2, nil},
		{"client", `"failures": 3`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"once, however often it fails", `"failures": 1`, 3, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"in shadow mode, too", `"failures": 1, "mode": "shadow"`, 1, []string{`a client "192.0.2.1" since 1000 until 61000 in the table 61000`}},
		{"network", `"failures": 9, "wide": {"failures": 3}`, 3, []string{`a network "192.0.2.0/24" since 1000 until 61000 in the table 61000`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorker(t, oneSurface(row.lockout))
			w.host.Time = 1000
			for range row.failures {
				w.respond(w.begin(ann, "x"), 401)
			}
			if got := w.registered(); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(row.want, "\n"))
			}
		})
	}
}

// A lockout that begins early is registered like any other, each with the counter that
// an operator has to forget, too.
func TestEarlyLockoutsAreRegistered(t *testing.T) {
	w := newWorker(t, oneSurface(`"failures": 1, "stuffing": {"credentials": 3, "window": "10m", "action": "lock"}`))
	w.host.Time = 1000
	also := w.room.table.Key([]byte("stuffing"))
	w.begin(ann, "x").LockEarly(601_000, 1000, also)
	s := w.begin(other, "x")
	f := s.Fail(&caller.Guess{}, 1000)
	s.Report(&f, report.Cause{Status: 401}, also, 1000)
	want := []string{
		`a client "192.0.2.1" since 1000 until 601000 in the table 601000, also another`,
		`a client "192.0.2.2" since 1000 until 61000 in the table 61000, also another`,
	}
	if got := w.registered(); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if l, _ := register.New(w.host).Find(s.counter); l.Also != also {
		t.Errorf("%+v", l)
	}
}

// The register has names as the log has them.
func TestRegisteredNames(t *testing.T) {
	for form, want := range map[string]string{"full": "192.0.2.1", "truncated": "192.0.2.0/24"} {
		w := newWorker(t, strings.Replace(oneSurface(`"failures": 1`), "{", `{"log": {"client": "`+form+`"}, `, 1))
		w.exchange(ann, "x", 401)
		if got := w.registered(); len(got) != 1 || !strings.Contains(got[0], `"`+want+`"`) {
			t.Errorf("%s: %q", form, got)
		}
	}
}
