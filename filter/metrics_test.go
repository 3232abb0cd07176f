package filter

import (
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"
)

const twoSurfaces = `{"concurrency": [{"name": "c_2", "per": "all", "limit": 1}], "surfaces": [
	{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "lockout": {"failures": 1}},
	{"name": "b-c_1", "kind": "mcp", "match": [{"prefix": "/b"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`

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
		"gauge gatewarden_table_capacity",
		"gauge gatewarden_table_max_bytes",
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
	got := append([]string(nil), host.names...)
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

func TestMetricsAreDefinedOnce(t *testing.T) {
	host := &fakeHost{now: 1_000_000, properties: map[string]string{sourceAddress: "192.0.2.1:1"}}
	f := New(parseConfig(t, twoSurfaces), host, testSeed)
	defined := strings.Count(strings.Join(host.calls, ","), "define")
	if defined != len(host.names) {
		t.Errorf("%d definitions of %d metrics", defined, len(host.names))
	}
	for i := 0; i < 3; i++ {
		for _, path := range []string{"/a", "/b", "/a/..%2fb", "/x", "/new-" + strings.Repeat("x", i)} {
			exchange(f, host, hdr(":method", "GET", ":path", path, "authorization", "x"), hdr(":status", "401"))
		}
		f.Flush(host)
	}
	if strings.Count(strings.Join(host.calls, ","), "define") != defined || len(host.names) != defined {
		t.Error("a request defined a metric")
	}
	if want := uint64(65536); host.values[len(host.values)-2] != want {
		t.Errorf("capacity is %d", host.values[len(host.values)-2])
	}
	// A second configuration finds the same metrics.
	New(parseConfig(t, twoSurfaces), host, testSeed)
	if len(host.names) != defined {
		t.Error("a second filter has metrics of its own")
	}
}

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
			if got := host.value(t, name); got != want {
				t.Errorf("%s is %d, want %d", name, got, want)
			}
		}
	}
	for name := range host.names {
		if strings.HasPrefix(host.names[name], "counter") && host.values[name] != 0 {
			t.Error("counted at the host before the flush")
		}
	}
	f.Flush(host)
	check()
	host.forget()
	f.Flush(host)
	check()
	if len(host.calls) != 0 {
		t.Errorf("nothing to flush: %v", host.calls)
	}
	request("/a", "200")
	f.Flush(host)
	if got := host.value(t, "gatewarden_requests_total.surface.a.outcome.refused"); got != 3 {
		t.Errorf("refused is %d after the second flush", got)
	}
}

func TestTableMetrics(t *testing.T) {
	f, host := newFilter(t, twoSurfaces)
	host.races = 3
	exchange(f, host, hdr(":method", "GET", ":path", "/a", "authorization", "x"), hdr(":status", "401"))
	f.Flush(host)
	if got := host.value(t, "gatewarden_table_retries_total"); got != 3 {
		t.Errorf("%d retries", got)
	}
}
