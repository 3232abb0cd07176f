package filter

import (
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// twoSurfaces has a surface that locks out after one failure, and one that would.
const twoSurfaces = `{"concurrency": [{"name": "c_2", "per": "all", "limit": 1}], "surfaces": [
	{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 1}},
	{"name": "b-c_1", "kind": "mcp", "match": [{"prefix": "/b"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`

// TestMetricNames holds the names of all metrics without quotas.
func TestMetricNames(t *testing.T) {
	_, host := newFilter(t, twoSurfaces)
	want := []string{
		"counter gatewarden_lockouts_unlisted_total",
		"counter gatewarden_log_suppressed_total",
		"counter gatewarden_over_capacity_total.rule.c_2.outcome.refused",
		"counter gatewarden_over_capacity_total.rule.c_2.outcome.shadowed",
		"counter gatewarden_rate_limited_requests_total.surface._.reason.malformed",
		"counter gatewarden_table_contended_total",
		"counter gatewarden_table_evictions_total",
		"counter gatewarden_table_full_total",
		"counter gatewarden_table_retries_total",
		"counter gatewarden_introspections_total.outcome.active", "counter gatewarden_introspections_total.outcome.cached",
		"counter gatewarden_introspections_total.outcome.error", "counter gatewarden_introspections_total.outcome.inactive",
		"counter gatewarden_introspections_total.outcome.joined", "counter gatewarden_introspections_total.outcome.overload",
		"counter gatewarden_metadata_fetches_total.outcome.error", "counter gatewarden_metadata_fetches_total.outcome.invalid",
		"counter gatewarden_metadata_fetches_total.outcome.valid",
		"gauge gatewarden_table_capacity",
		"gauge gatewarden_table_max_bytes",
	}
	for _, outcome := range []string{"passed", "expired", "refused", "left"} {
		want = append(want, "counter gatewarden_held_requests_total.surface.a.outcome."+outcome)
	}
	for _, name := range []string{"a", "b-c_1"} {
		want = append(want,
			"counter gatewarden_auth_denied_total.surface."+name,
			"counter gatewarden_auth_unavailable_total.surface."+name,
			"counter gatewarden_auth_failures_total.surface."+name,
			"counter gatewarden_bypass_total.surface."+name+".outcome.denied",
			"counter gatewarden_bypass_total.surface."+name+".outcome.used",
			"counter gatewarden_lockouts_total.surface."+name,
			"counter gatewarden_network_lockouts_total.surface."+name,
			"counter gatewarden_spraying_total.surface."+name,
			"counter gatewarden_stuffing_total.surface."+name,
			"counter gatewarden_rate_limited_requests_total.surface."+name+".reason.locked_out",
			"counter gatewarden_rate_limited_requests_total.surface."+name+".reason.over_capacity",
			"counter gatewarden_rate_limited_requests_total.surface."+name+".reason.rate_limited",
			"counter gatewarden_requests_total.surface."+name+".outcome.known_good",
			"counter gatewarden_requests_total.surface."+name+".outcome.passed",
			"counter gatewarden_requests_total.surface."+name+".outcome.refused",
			"counter gatewarden_requests_total.surface."+name+".outcome.shadowed")
	}
	got := append([]string(nil), host.Names...)
	sort.Strings(got)
	sort.Strings(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, name := range got {
		if !regexp.MustCompile(`^(counter|gauge) gatewarden_[a-z_]+(\.[a-z]+\.[a-z0-9_-]+)*$`).MatchString(name) {
			t.Errorf("%q", name)
		}
	}
}

// TestMetricsAreDefinedOnce shows that the metrics are defined when a filter begins, and that a
// second filter finds the same ones.
func TestMetricsAreDefinedOnce(t *testing.T) {
	host := fakehost.New()
	f := New(fakehost.ParseConfig(t, twoSurfaces), host, fakehost.Seed)
	defined := strings.Count(strings.Join(host.Calls, ","), "define")
	if defined != len(host.Names) {
		t.Errorf("%d definitions of %d metrics", defined, len(host.Names))
	}
	for i := 0; i < 3; i++ {
		for _, path := range []string{"/a", "/b", "/a/..%2fb", "/x", "/new-" + strings.Repeat("x", i)} {
			exchange(f, host, hdr(":method", "GET", ":path", path, "authorization", "x"), hdr(":status", "401"))
		}
		f.Flush()
	}
	if strings.Count(strings.Join(host.Calls, ","), "define") != defined || len(host.Names) != defined {
		t.Error("a request defined a metric")
	}
	if got := host.Values[slices.Index(host.Names, "gauge gatewarden_table_capacity")]; got != 65536 {
		t.Errorf("the capacity is %d", got)
	}
	newWorker(f, host)
	if len(host.Names) != defined {
		t.Error("a second filter has metrics of its own")
	}
}

// TestFlush shows what some requests add to the counters, and that they add it at a flush.
func TestFlush(t *testing.T) {
	f, host := newFilter(t, twoSurfaces)
	request := func(path, status string) {
		exchange(f, host, hdr(":method", "GET", ":path", path, "authorization", "x"), hdr(":status", status))
	}
	request("/a", "200")
	request("/a", "401")
	request("/a", "200") // refused
	request("/a", "401") // refused
	request("/b", "401")
	request("/b", "200") // shadowed
	request("/b/..%2fa", "200")
	request("/x", "401")
	check := func() {
		t.Helper()
		for name, want := range map[string]uint64{
			"gatewarden_requests_total.surface.a.outcome.passed":                     2,
			"gatewarden_requests_total.surface.a.outcome.refused":                    2,
			"gatewarden_requests_total.surface.a.outcome.shadowed":                   0,
			"gatewarden_auth_failures_total.surface.a":                               1,
			"gatewarden_lockouts_total.surface.a":                                    1,
			"gatewarden_rate_limited_requests_total.surface.a.reason.locked_out":     2,
			"gatewarden_requests_total.surface.b-c_1.outcome.passed":                 1,
			"gatewarden_requests_total.surface.b-c_1.outcome.refused":                0,
			"gatewarden_requests_total.surface.b-c_1.outcome.shadowed":               1,
			"gatewarden_auth_failures_total.surface.b-c_1":                           1,
			"gatewarden_lockouts_total.surface.b-c_1":                                1,
			"gatewarden_rate_limited_requests_total.surface.b-c_1.reason.locked_out": 0,
			"gatewarden_rate_limited_requests_total.surface._.reason.malformed":      1,
			"gatewarden_log_suppressed_total":                                        0,
			"gatewarden_table_contended_total":                                       0,
		} {
			if got := host.Value(t, name); got != want {
				t.Errorf("%s is %d, want %d", name, got, want)
			}
		}
	}
	for name := range host.Names {
		if strings.HasPrefix(host.Names[name], "counter") && host.Values[name] != 0 {
			t.Error("counted in the proxy before the flush")
		}
	}
	f.Flush()
	check()
	host.Forget()
	f.Flush()
	check()
	if len(host.Calls) != 0 {
		t.Errorf("nothing to flush: %v", host.Calls)
	}
	request("/a", "200")
	f.Tick()
	if got := host.Value(t, "gatewarden_requests_total.surface.a.outcome.refused"); got != 3 {
		t.Errorf("refused is %d after the second flush", got)
	}
}
