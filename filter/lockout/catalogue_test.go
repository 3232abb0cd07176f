package lockout

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/register"
)

// The catalogue has the surfaces that count failures.
func TestCatalogue(t *testing.T) {
	w := newWorker(t, `{"client": {"ipv4_prefix": 30}, "surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"failures": 2, "window": "2m", "wide": {"failures": 9}}},
		{"name": "b", "kind": "api", "match": [{"path": "/b"}], "lockout": {"mode": "off"}},
		{"name": "c", "kind": "api", "match": [{"path": "/c"}], "lockout": {"mode": "shadow", "duration": "5m"}},
		{"name": "d", "kind": "api", "match": [{"path": "/d"}], "lockout": {"failures": 0}}]}`)
	want := []register.Surface{
		{Name: "a", Size: 12, Enforced: true, IPv4: 30, IPv6: 64, WideIPv4: 24, WideIPv6: 48, Duration: 120_000},
		{Name: "c", Size: 12, IPv4: 30, IPv6: 64, Duration: 300_000},
	}
	if got := register.Surfaces(w.host, w.host.Time); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// The workers of an instance write the catalogue anew now and then, one for all.
func TestCatalogueIsRefreshed(t *testing.T) {
	const tickPeriod = 1000 // that of the hall
	w := newWorker(t, oneSurface(``))
	two := newWorkerOn(t, oneSurface(``), w.host)
	writes := 0
	for range 600 {
		w.host.Time += tickPeriod
		w.host.Forget()
		w.room.Tick()
		two.room.Tick()
		writes += strings.Count(strings.Join(w.host.Calls, ", "), "set")
		if len(register.Surfaces(w.host, w.host.Time)) != 1 {
			t.Fatalf("after %d ms the catalogue has %+v", w.host.Time, register.Surfaces(w.host, w.host.Time))
		}
	}
	if writes < 5 || writes > 10 {
		t.Errorf("%d writes in ten minutes", writes)
	}
	w.host.Time += 180_000
	if got := register.Surfaces(w.host, w.host.Time); len(got) != 0 {
		t.Errorf("%+v outlive their instance", got)
	}
}

// Most ticks cost nothing.
func TestTicksCostNothing(t *testing.T) {
	w := newWorker(t, oneSurface(``))
	for range publishEvery - 1 {
		w.room.Tick()
	}
	if len(w.host.Calls) != 0 {
		t.Errorf("calls %v", w.host.Calls)
	}
	w.room.Tick()
	if got := strings.Join(w.host.Calls, ", "); got != "now, get" {
		t.Errorf("calls %s", got)
	}
}
