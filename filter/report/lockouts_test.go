package report

import (
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

func TestLockouts(t *testing.T) {
	host := fakehost.New()
	m := NewMetrics(host)
	counters := table.New(host, fakehost.Seed, 65536)
	list := NewLockouts(host, counters, m)
	host.Forget()
	lockout := register.Lockout{Key: counters.Key([]byte("a")), What: register.Client, Surface: "a", Client: "192.0.2.1", Until: 61_000}
	list.Put(lockout, 1000)
	lockout.Size, lockout.Since = counters.Size(), 1000
	if got, _ := register.New(host).Find(lockout.Key); got != lockout || got.Size != 12 {
		t.Errorf("%+v, want %+v", got, lockout)
	}
	m.Flush()
	if got := host.Value(t, "gatewarden_lockouts_unlisted_total"); got != 0 {
		t.Errorf("%d are counted as unlisted", got)
	}
}

// A lockout that the register cannot list is counted.
func TestUnlistedLockouts(t *testing.T) {
	host := fakehost.New()
	m := NewMetrics(host)
	counters := table.New(host, fakehost.Seed, 100)
	list := NewLockouts(host, counters, m)
	host.Races = 1 << 30
	list.Put(register.Lockout{Key: counters.Key([]byte("a")), Until: 61_000}, 1000)
	m.Flush()
	if got := host.Value(t, "gatewarden_lockouts_unlisted_total"); got != 1 {
		t.Errorf("%d are counted as unlisted", got)
	}
}
