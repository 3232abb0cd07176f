package quota

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestWhichRulesHold shows that a quota holds for a request if one reading leads to it,
// and overrides another quota only if all readings do.
func TestWhichRulesHold(t *testing.T) {
	d := newDoor(t, quotaConfig(
		rule("all", 60, ""),
		rule("rest", 60, `, "surfaces": ["rest"]`),
		rule("batch", 60, `, "paths": [{"path": "/api/batch"}, {"prefix": "/mcp/batch"}], "cost": [{"path": "/api/batch", "methods": ["POST"], "cost": 5}, {"path": "/api/batch", "methods": ["GET"], "cost": 0}], "overrides": ["all"]`),
		rule("writes", 60, `, "methods": ["PUT"], "overrides": ["rest"]`),
		rule("nightly", 60, `, "paths": [{"path": "/api/batch/nightly"}], "overrides": ["late"]`),
		rule("late", 60, `, "paths": [{"prefix": "/api/batch/nightly"}], "overrides": ["all"]`),
		rule("watching", 60, `, "paths": [{"path": "/api/watched"}], "overrides": ["all", "rest"], "mode": "shadow"`),
		rule("zero", 0, `, "overrides": ["all"]`),
		rule("off", 60, `, "overrides": ["all"], "mode": "off"`),
	))
	for _, row := range []struct{ request, want string }{
		{"GET /mcp", "all"},
		{"GET /api/x", "all rest"},
		{"POST /api/batch", "rest batch*5"},
		{"GET /api/batch", "rest batch*0"},
		{"HEAD /api/batch", "rest batch*0"},
		{"DELETE /api/batch", "rest batch"},
		{"GET /mcp/batch/x", "batch"},
		{"GET /mcp/batches", "all"},
		{"PUT /api/x", "all writes"},
		{"HEAD /api/x", "all rest"},
		// A path that resembles the quota's path belongs to the quota, and to all others.
		{"POST /api/%62atch", "rest batch*5"},
		{"POST /API/Batch", "all rest batch*5"},
		{"POST /api/batch/", "all rest batch*5"},
		{"POST /api/x/..%2fbatch", "all rest batch*5"},
		{"POST /api/batch;x=1", "all rest batch*5"},
		{"POST /mcp/batch/../x", "all batch"},
		{"POST /api/batch/../x", "all rest"},
		// A header for another method has the same effect.
		{"GET /api/batch x-http-method-override:POST", "rest batch*5"},
		{"POST /api/batch x-http-method-override:GET", "rest batch*5"},
		{"POST /api/x x-method-override:PUT", "all rest writes"},
		{"PUT /api/x x-method-override:GET", "all rest writes"},
		// An overridden quota still overrides others.
		{"GET /api/batch/nightly", "rest nightly"},
		{"GET /api/batch/nightly/x", "rest late"},
		// A quota in shadow mode overrides nothing.
		{"GET /api/watched", "all rest watching"},
		{"GET /elsewhere", ""},
	} {
		parts := strings.Fields(row.request)
		headers := fakehost.Headers(":method", parts[0], ":path", parts[1])
		for _, header := range parts[2:] {
			name, value, _ := strings.Cut(header, ":")
			headers = append(headers, proxy.Header{Name: name, Value: value})
		}
		s := d.ask(nobody, headers)
		var got []string
		for _, c := range s.charges {
			name := c.quota.Name
			if c.cost != 1 {
				name += "*" + strconv.Itoa(int(c.cost))
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.request, strings.Join(got, " "), row.want)
		}
	}
}

// TestRulesByHost shows that a quota holds for a request that may be for one of its hosts,
// and overrides another quota only if the request surely is.
func TestRulesByHost(t *testing.T) {
	d := newDoor(t, quotaConfig(
		rule("all", 60, ""),
		rule("api", 60, `, "paths": [{"prefix": "/api", "hosts": ["api.example.com", "*.b.example.com"]}], "overrides": ["all"]`),
	))
	for _, row := range []struct{ authority, path, want string }{
		{"API.example.com:80", "/api/x", "api"},
		{"x.b.example.com", "/api/x", "api"},
		{"else.example", "/api/x", "all"},
		{"api.example.com", "/mcp", "all"},
		{"a,b", "/api/x", "all api"},
		{"", "/api/x", "all api"},
		{"else.example", "//api.example.com/api/x", "all api"},
		{"api.example.com", "//x.b.example.com/api/x", "all api"}, // the path may be another one
	} {
		s := d.ask(nobody, fakehost.Headers(":method", "GET", ":path", row.path, ":authority", row.authority))
		var got []string
		for _, c := range s.charges {
			got = append(got, c.quota.Name)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s at %q: %q, want %q", row.path, row.authority, got, row.want)
		}
	}
}

// TestRulesCountApart shows that quotas have counters of their own, and that an
// algorithm never reads what another one wrote.
func TestRulesCountApart(t *testing.T) {
	keys := map[string]bool{}
	for _, rules := range []string{rule("a", 9, ""), rule("b", 9, ""), rule("a", 9, `, "algorithm": "gcra"`), rule("a", 9, `, "algorithm": "sliding_window"`)} {
		d := newDoor(t, quotaConfig(rules))
		keys[fmt.Sprint(d.ask(nobody, get("/api")).charges[0].key)] = true
	}
	if len(keys) != 4 {
		t.Errorf("%d counters", len(keys))
	}
	// The same quota goes on counting, even with another limit.
	d := newDoor(t, quotaConfig(rule("a", 9, "")))
	d.ask(nobody, get("/api"))
	again := newDoorAt(t, quotaConfig(rule("a", 2, "")), d.host, d.host)
	again.ask(nobody, get("/mcp"))
	again.ask(nobody, get("/api"))
	if len(again.replies) != 1 {
		t.Error("a changed limit does not apply at once")
	}
}

func TestTiers(t *testing.T) {
	d := newDoor(t, quotaConfig(`{"name": "plan", "per": ["tenant"], "window": "1m",
		"limits": {"pro": 3, "free": 2, "enterprise": "unlimited", "trial": 0, "default": 1}}`))
	for i, row := range []struct {
		tier     string
		verified bool
		served   int
	}{
		{"free", true, 2}, {"pro", true, 3}, {"enterprise", true, 100}, {"trial", true, 100},
		{"", true, 1}, {"gold", true, 1}, {"default", true, 1}, {"Pro", true, 1},
		{"enterprise", false, 1},
	} {
		d.from(fmt.Sprintf("192.0.2.%d", i))
		who := caller.Identity{Verified: row.verified, Tenant: fmt.Sprint("tenant", i), Tier: row.tier}
		served := 0
		for range 100 {
			d.forget()
			if d.ask(who, get("/api")); len(d.replies) == 0 {
				served++
			}
		}
		if served != row.served {
			t.Errorf("%q, verified %v: %d served, want %d", row.tier, row.verified, served, row.served)
		}
		if row.served == 100 && len(fakehost.All(d.host.Response, rateLimit)) != 0 {
			t.Errorf("%q is told of a limit: %v", row.tier, d.host.Response)
		}
	}
}

// TestUnlimitedOverrides shows that an unlimited quota overrides others like any other.
func TestUnlimitedOverrides(t *testing.T) {
	d := newDoor(t, quotaConfig(rule("all", 1, ""),
		`{"name": "free", "per": ["client"], "limit": "unlimited", "window": "1m", "paths": [{"path": "/api/health"}], "overrides": ["all"]}`))
	for range 10 {
		d.ask(nobody, get("/api/health"))
	}
	if len(d.replies) != 0 || len(fakehost.All(d.host.Response, rateLimit)) != 0 {
		t.Errorf("%v %v", d.replies, d.host.Response)
	}
	d.ask(nobody, get("/api/x"))
	d.ask(nobody, get("/api/y"))
	if len(d.replies) != 1 {
		t.Error("the general quota does not hold elsewhere")
	}
}
