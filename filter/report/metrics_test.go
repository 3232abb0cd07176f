package report

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

func TestMetricNames(t *testing.T) {
	host := fakehost.New()
	m := NewMetrics(host)
	var one, two, three Counter
	m.Define(&one, "gatewarden_a_total")
	m.DefineBy(&two, "gatewarden_b_total", "surface", "b-c_1")
	m.DefineBy(&three, By("gatewarden_b_total", "surface", "b-c_1"), "reason", "locked_out")
	m.Gauge("gatewarden_c", 7)
	want := []string{
		"counter gatewarden_a_total",
		"counter gatewarden_b_total.surface.b-c_1",
		"counter gatewarden_b_total.surface.b-c_1.reason.locked_out",
		"gauge gatewarden_c",
	}
	if !reflect.DeepEqual(host.Names, want) || !reflect.DeepEqual(host.Values, []uint64{0, 0, 0, 7}) {
		t.Errorf("%q %v, want %q", host.Names, host.Values, want)
	}
}

// A counter counts in the worker until it is flushed, and what has not changed costs
// nothing then.
func TestFlush(t *testing.T) {
	host := fakehost.New()
	m := NewMetrics(host)
	var one, two Counter
	m.Define(&one, "one")
	m.Define(&two, "two")
	check := func(calls string, first, second uint64) {
		t.Helper()
		host.Forget()
		m.Flush()
		if got := strings.Join(host.Calls, ", "); got != calls {
			t.Errorf("calls %s, want %s", got, calls)
		}
		if a, b := host.Value(t, "one"), host.Value(t, "two"); a != first || b != second {
			t.Errorf("one is %d and two is %d, want %d and %d", a, b, first, second)
		}
	}
	one.Add(1)
	one.Add(2)
	if host.Value(t, "one") != 0 {
		t.Error("counted at the host before the flush")
	}
	check("add metric", 3, 0)
	check("", 3, 0)
	one.Add(1)
	two.Add(5)
	check("add metric, add metric", 4, 5)
	two.Add(0)
	check("", 4, 5)
}

// The rooms of a second configuration find the same metrics, and add to them.
func TestMetricsOfTwoConfigurations(t *testing.T) {
	host := fakehost.New()
	for range 2 {
		m := NewMetrics(host)
		var c Counter
		m.Define(&c, "one")
		c.Add(1)
		m.Flush()
	}
	if len(host.Names) != 1 || host.Value(t, "one") != 2 {
		t.Errorf("%q %v", host.Names, host.Values)
	}
}
