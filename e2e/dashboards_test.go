package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// watched has something of everything that the dashboard shows.
const watched = `{
  "surfaces": [
    {"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 3, "window": "1h"}},
    {"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 2, "window": "1h", "mode": "shadow"}},
    {"name": "docs", "kind": "api", "match": [{"path": "/docs"}], "lockout": {"repeats": "once"}}
  ],
  "mcp": {"tools": [{"name": "add", "scopes": [], "cost": 1}], "other_tools": {"scopes": [], "cost": 1}},
  "quota_service": {"endpoint": {"cluster": "nowhere", "url": "http://quota.example.com", "token": "x"}, "mode": "shadow"},
  "fleet": {"cluster": "nowhere", "secret": "0123456789abcdef0123456789abcdef", "rules": [{"rule": "lockouts", "surfaces": ["rest"]}]},
  "audit": {"sample": {"allowed": 0, "locked_out": 0, "quota_exceeded": 0}},
  "quotas": [{"name": "plan", "surfaces": ["docs"], "per": ["client"], "limit": 20, "window": "1h"},
    {"name": "budget", "unit": "credits", "per": ["client"], "limit": 100, "window": "1h"}],
  "concurrency": [{"name": "service", "per": "all", "limit": 1000}]
}`

// What happens. It is enough for the alerts that are about rates over five minutes.
const (
	guessers  = 150
	requests  = 400
	allowance = 20
	calls     = 2 // of tools, one of which fails
)

// A real Prometheus scrapes a real Envoy under attack, and every panel shows what
// happened, to the request.
func TestDashboardAndAlertsSeeAnAttack(t *testing.T) {
	t.Parallel()
	token := rand.Text()
	// Prometheus scrapes all metrics of the process.
	s := start(t, watched, ownProcess, withBootstrap(func(b *envoy.Bootstrap) error {
		hash := sha256.Sum256([]byte(token))
		return b.Operations(hex.EncodeToString(hash[:]))
	}))
	p := startPrometheus(t, s.envoy.Admin, alertsAtOnce(t))
	// The counters have to be there before they rise.
	within(t, 20*time.Second, "two scrapes before the attack", func() bool {
		return p.value("sum(count_over_time(gatewarden_table_capacity[1m]))") >= 2
	})
	s.misbehave(t)
	s.operate(t, token)
	within(t, 20*time.Second, "a scrape after the attack", func() bool {
		return p.value(`sum(gatewarden_quota_requests_total{outcome="refused"})`) == requests-allowance &&
			p.value(`sum(gatewarden_requests_total{outcome="shadowed"})`) == 1+calls &&
			p.value(`sum(gatewarden_tool_credits_total{outcome=~"committed|refunded"})`) == calls &&
			p.value(`sum(gatewarden_requests_total{surface="rest",outcome="refused"})`) == guessers &&
			p.value(`sum(gatewarden_operations_total)`) == 2 &&
			p.value("sum(envoy_listener_manager_lds_update_rejected)") == 1
	})
	t.Run("panels", func(t *testing.T) { assertPanels(t, p) })
	t.Run("alerts", func(t *testing.T) { assertAlerts(t, p) })
}

// misbehave guesses from many addresses, calls tools without a quota service that pays and
// without a rate limit service,
// asks far more often than a quota allows, and gives Envoy a configuration that it refuses.
func (s *stage) misbehave(t *testing.T) {
	t.Helper()
	for range guessers {
		c := s.newCaller(t, client.HTTP1)
		c.lock(t, 3)
		c.http.CloseIdleConnections()
	}
	c := s.newCaller(t, client.HTTP1)
	for range 3 {
		require.Equal(t, 401, c.do(t, "POST", "/mcp", initialize, rpc, wrong).status)
	}
	for _, tool := range []string{`"add","arguments":{"a":1,"b":2}`, `"missing"`} {
		r := c.do(t, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":`+tool+`}}`, []string{"Content-Type", "application/json"}, valid)
		require.Equal(t, 200, r.status, r.body)
	}
	for range requests {
		c.get(t, "/docs")
	}
	var refused *envoy.Rejected
	s.bootstrap.HCM["stat_prefix"] = ""
	require.ErrorAs(t, s.push(t), &refused)
}

// operate asks the operations endpoint, with the token and with a wrong one.
func (s *stage) operate(t *testing.T, token string) {
	t.Helper()
	address, err := s.envoy.ListenerAddress(t.Context(), envoy.OperationsListener)
	require.NoError(t, err)
	c := s.newCaller(t, client.HTTP1)
	c.base = "http://" + address
	require.Equal(t, 200, c.get(t, "/lockouts", []string{"Authorization", "Bearer " + token}).status)
	require.Equal(t, 401, c.get(t, "/lockouts", wrong).status)
}

// alertsAtOnce are the alerts, but none waits for how long it has been so: promtool
// tests that.
func alertsAtOnce(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "alerts", "gatewarden.rules.yaml"))
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^ +for: .*$`).ReplaceAllString(string(text), "")
}

func assertAlerts(t *testing.T, p *prometheus) {
	want := []string{"GatewardenAttack", "GatewardenConfigurationRefused", "GatewardenFleetNotHeard", "GatewardenLockouts",
		"GatewardenOperationsDenied", "GatewardenQuotaServiceFails", "GatewardenQuotaStorm"}
	var firing []string
	within(t, 10*time.Second, "the alerts to fire", func() bool {
		firing = nil
		for _, a := range p.query(`count by (alertname) (ALERTS{alertstate="firing"})`, time.Time{}) {
			firing = append(firing, string(a.Metric["alertname"]))
		}
		sort.Strings(firing)
		return len(firing) >= len(want)
	})
	assert.Equal(t, want, firing)
}

// expected is what panels have to show of the attack, by title and the labels of a
// line, in requests.
var expected = map[string]map[string]float64{
	"Failed authentications": {"": 3*guessers + 3},
	"Lockouts":               {"": guessers + 1},
	"Refused":                {"": guessers + requests - allowance},
	"Not counted":            {"": 0},
	"Crashes":                {"": 0},
	"Envoys with the filter": {"": 1},
	"Requests by decision": {"outcome=passed": 3*guessers + 2 + allowance, "outcome=refused": guessers + requests - allowance,
		"outcome=shadowed": 1 + calls, "outcome=known_good": 0},
	"Requests by surface":               {"surface=rest": 4 * guessers, "surface=mcp": 3 + calls, "surface=docs": requests},
	"Failed authentications by surface": {"surface=rest": 3 * guessers, "surface=mcp": 3},
	"Refusals by reason":                {"reason=locked_out surface=rest": guessers, "reason=quota_exceeded surface=docs": requests - allowance},
	"Quotas by decision":                {"outcome=admitted rule=plan": allowance, "outcome=refused rule=plan": requests - allowance},
	"Would have been refused":           {"surface=mcp": 1 + calls, "surface=rest": 0},
	"Calls by tool":                     {"outcome=allowed tool=add": 1, "outcome=allowed tool=other": 1},
	"Credits spent by tool":             {"tool=add": 1},
	"Calls to the quota service":        {"operation=reserve outcome=error": calls, "operation=commit outcome=ok": 0},
	"Calls to the rate limit service":   {"kind=report outcome=answered": 0, "kind=ask outcome=answered": 0},
	"Operations":                        {"operation=list": 1, "operation=denied": 1},
	"Configurations refused by Envoy":   {"": 1},
}

// period replaces the variables of Grafana in the panels.
const period = 5 * time.Minute

func assertPanels(t *testing.T, p *prometheus) {
	// At the moment of the last scrape, with the first before the attack, what a
	// counter rose by is not estimated.
	last := p.query("timestamp(gatewarden_table_capacity)", time.Time{})
	require.Len(t, last, 1)
	at := time.UnixMilli(int64(float64(last[0].Value) * 1000))
	variables := strings.NewReplacer("$job", ".*", "$instance", ".*", "$__rate_interval", "5m", "$__range", "5m")
	seen := map[string]bool{}
	for _, panel := range dashboardPanels(t) {
		require.False(t, seen[panel.Title], "two panels are called %s", panel.Title)
		seen[panel.Title] = true
		lines := map[string]float64{}
		for _, target := range panel.Targets {
			result := p.query(variables.Replace(target.Expr), at)
			assert.NotEmpty(t, result, "%s: %s", panel.Title, target.Expr)
			for _, line := range result {
				lines[labelsOf(line.Metric)] += inRequests(target.Expr, float64(line.Value))
			}
		}
		for labels, want := range expected[panel.Title] {
			if assert.Contains(t, lines, labels, panel.Title) {
				assert.InDelta(t, want, lines[labels], 0.01, "%s: %s", panel.Title, labels)
			}
		}
	}
	for title := range expected {
		assert.True(t, seen[title], "no panel is called %s", title)
	}
}

// inRequests turns what is shown by the second into what there was.
func inRequests(expression string, value float64) float64 {
	if strings.Contains(expression, "rate(") {
		return value * period.Seconds()
	}
	return value
}

func labelsOf(metric model.Metric) string {
	var labels []string
	for name, value := range metric {
		labels = append(labels, string(name)+"="+string(value))
	}
	sort.Strings(labels)
	return strings.Join(labels, " ")
}

type dashboardPanel struct {
	Title   string
	Targets []struct{ Expr string }
}

func dashboardPanels(t *testing.T) []dashboardPanel {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", "dashboards", "gatewarden.json"))
	require.NoError(t, err)
	var dashboard struct{ Panels []dashboardPanel }
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	return dashboard.Panels
}
