package budget

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestKeysOfOneServiceUnderTwoNames asks a service that has moved to another address: it knows
// the keys of the reservations before.
func TestKeysOfOneServiceUnderTwoNames(t *testing.T) {
	before := newWorker(t, "", nil)
	after := newWorker(t, "", before.host)
	c := fakehost.ParseConfig(t, fmt.Sprintf(configuration, ""))
	c.QuotaService.Authority = "credits.example.com"
	m := report.NewMetrics(after.host)
	after.Room = New(c, after.host, after.host, after.table, report.NewLog(&c.Log, after.host, after.table, m), m)
	before.ask(1)
	after.ask(1)
	one, other := fakehost.First(before.host.Sent[0].Headers, ":path"), fakehost.First(after.host.Sent[0].Headers, ":path")
	if one == other {
		t.Errorf("both reservations are %s", one)
	}
}

// TestNoKey refuses what costs something if shared data does not keep the worker's number:
// another worker could have the same keys.
func TestNoKey(t *testing.T) {
	w := newWorker(t, "", nil)
	w.host.Races = 1 << 20
	if q := w.ask(1); q.Waits() || !q.Refuses() || len(w.host.Sent) > 0 {
		t.Error("asks under a key that others may have")
	}
	w.host.Races = 0
	if q := w.ask(1); !q.Waits() {
		t.Error("does not ask")
	}
}
