package quota

import (
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestExplain shows each standing, and that to explain changes nothing.
func TestExplain(t *testing.T) {
	d := newDoor(t, quotaConfig(
		rule("off", 5, `, "mode": "off"`),
		rule("mcp", 5, `, "surfaces": ["mcp"]`),
		rule("writes", 5, `, "methods": ["POST"]`),
		rule("all", 5, ""),
		`{"name": "plan", "per": ["subject", "path"], "window": "1h", "limits": {"pro": 30, "free": "unlimited", "default": 3}, "cost": 2}`,
		rule("batch", 5, `, "paths": [{"path": "/api/batch"}], "overrides": ["all"], "mode": "enforce"`),
		rule("never", 0, ""),
		rule("late", 5, `, "paths": [{"path": "/api/batch"}], "methods": ["GET"], "overrides": ["all"]`),
	))
	pro := caller.Identity{Verified: true, Subject: "ann", Tier: "pro"}
	free := caller.Identity{Verified: true, Subject: "bob", Tier: "free"}
	d.ask(pro, get("/api/batch"))
	before := fmt.Sprint(d.host.Data)
	other := func(s report.Standing) View { return View{Standing: s, By: -1} }
	applies := func(limit, left uint32, more int64) View {
		return View{By: -1, Cost: 1, Limit: limit, Left: left, More: more}
	}
	off, elsewhere, unlike := other(report.RuleOff), other(report.OtherSurface), other(report.OtherRequest)
	fallback := View{By: -1, Cost: 2, Limit: 3, Fallback: true, Path: "/api", Left: 3, More: 1_000_000}
	paid := View{By: -1, Cost: 2, Limit: 30, Tier: "pro", Path: "/api/batch", Left: 28, More: 4_600_000}
	unlimited := View{By: -1, Standing: report.NoLimit, Cost: 2, Path: "/api/batch"}
	for _, row := range []struct {
		name      string
		who       caller.Identity
		path      string
		preflight bool
		want      []View
	}{
		{"in general", nobody, "/api", false, []View{off, elsewhere, unlike, applies(5, 5, 1_000_000), fallback, unlike, off, unlike}},
		{"overridden", pro, "/api/batch", false, []View{off, elsewhere, unlike, {Standing: report.Overridden, By: 5}, paid, applies(5, 4, 1_060_000), off, applies(5, 4, 1_060_000)}},
		{"unlimited", free, "/api/batch", false, []View{off, elsewhere, unlike, {Standing: report.Overridden, By: 5}, unlimited, applies(5, 4, 1_060_000), off, applies(5, 4, 1_060_000)}},
		{"a preflight", nobody, "/api", true, []View{off, other(report.OnlyPreflight), other(report.OnlyPreflight), other(report.OnlyPreflight), other(report.OnlyPreflight), other(report.OnlyPreflight), off, other(report.OnlyPreflight)}},
	} {
		_, target, surface := d.begin(get(row.path))
		got := d.Explain(surface, &target, 0, &d.client, &row.who, d.host.Time, row.preflight)
		if fmt.Sprint(got) != fmt.Sprint(row.want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", row.name, got, row.want)
		}
	}
	if after := fmt.Sprint(d.host.Data); after != before {
		t.Errorf("changed\n%s\nto\n%s", before, after)
	}
	_, target, _ := d.begin(get("/x"))
	if got := d.Explain(-1, &target, 0, &d.client, &nobody, 0, false); got != nil {
		t.Errorf("no surface: %v", got)
	}
	without := newDoor(t, quotaConfig(rule("off", 5, `, "mode": "off"`)))
	if got := without.Explain(0, &target, 0, &d.client, &nobody, 0, false); len(got) != 1 || got[0] != off {
		t.Errorf("without quotas: %v", got)
	}
}

// TestExplainRefusal shows which quotas refused a request: those without enough for it,
// and none that is in shadow mode.
func TestExplainRefusal(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("off", 1, `, "mode": "off"`), rule("shadow", 1, `, "mode": "shadow"`),
		rule("enough", 5, ""), rule("one", 1, ""), rule("another", 1, ""), rule("mcp", 1, `, "surfaces": ["mcp"]`)))
	for i, want := range []string{"", "one another "} {
		s := d.ask(nobody, get("/api"))
		_, target, surface := d.begin(get("/api"))
		list := d.Explain(surface, &target, 0, &d.client, &nobody, d.host.Time, false)
		s.ExplainRefusal(list)
		got := ""
		for j, v := range list {
			if v.Refused {
				got += d.config.Quotas[j].Name + " "
			}
		}
		if got != want {
			t.Errorf("request %d is refused by %q, want %q", i, got, want)
		}
	}
	new(State).ExplainRefusal(nil)
}

// TestMetricNames holds the metrics, which dashboards and alerts know by name.
func TestMetricNames(t *testing.T) {
	for _, row := range []struct {
		json string
		want []string
	}{
		{quotaConfig(rule("off", 5, `, "mode": "off"`)), nil},
		{quotaConfig(rule("q", 5, `, "surfaces": ["mcp"]`)), []string{
			"counter gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded",
			"counter gatewarden_quota_requests_total.rule.q.outcome.admitted",
			"counter gatewarden_quota_requests_total.rule.q.outcome.refused",
			"counter gatewarden_quota_requests_total.rule.q.outcome.shadowed",
			"counter gatewarden_quota_unverified_total.rule.q",
			"counter gatewarden_quota_table_evictions_total",
			"counter gatewarden_quota_table_full_total",
			"counter gatewarden_quota_table_contended_total",
			"counter gatewarden_quota_table_retries_total",
			"gauge gatewarden_quota_table_capacity",
			"gauge gatewarden_quota_table_max_bytes",
		}},
	} {
		host := fakehost.New()
		newDoorAt(t, row.json, host, host)
		if fmt.Sprint(host.Names) != fmt.Sprint(row.want) {
			t.Errorf("%q\nwant\n%q", host.Names, row.want)
		}
	}
}
