package deploy

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sigsyaml "sigs.k8s.io/yaml"
)

// promtool runs Prometheus' own checker.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	require.NoError(t, err, "promtool is missing: install the package prometheus, or Prometheus itself")
	out, err := exec.Command(path, args...).CombinedOutput()
	assert.NoError(t, err, "promtool %s\n%s", strings.Join(args, " "), out)
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", "alerts/gatewarden.rules.yaml")
	promtool(t, append([]string{"test", "rules"}, files(t, "alerts/*.test.yaml")...)...)
}

type alert struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	text, err := os.ReadFile("alerts/gatewarden.rules.yaml")
	require.NoError(t, err)
	var rules struct{ Groups []struct{ Rules []alert } }
	require.NoError(t, sigsyaml.Unmarshal(text, &rules))
	var all []alert
	for _, group := range rules.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

// Each alert leads to a section that says what it means and what to do.
func TestAlertsLeadToTheirRunbook(t *testing.T) {
	var tested strings.Builder
	for _, file := range files(t, "alerts/*.test.yaml") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		tested.Write(text)
	}
	runbook, err := os.ReadFile("../docs/operating.md")
	require.NoError(t, err)
	for _, a := range alerts(t) {
		assert.NotEmpty(t, a.Annotations["summary"], a.Alert)
		assert.NotEmpty(t, a.Annotations["description"], a.Alert)
		assert.Contains(t, []string{"info", "warning", "critical"}, a.Labels["severity"], a.Alert)
		assert.True(t, strings.HasSuffix(a.Annotations["runbook_url"], "/docs/operating.md#"+strings.ToLower(a.Alert)), a.Alert)
		assert.Contains(t, tested.String(), `alertname="`+a.Alert+`"`, "no test makes it fire")
		assert.Regexp(t, `(?m)^#+ `+a.Alert+`$`, string(runbook), "docs/operating.md has no such heading")
	}
}

// metricName finds what looks like a name of ours or of Envoy's and Istio's.
var metricName = regexp.MustCompile(`\b(?:gatewarden|envoy|pilot)_[a-z_]+`)

// metricsIn are the metrics that an expression asks for. Buckets are those of a histogram.
func metricsIn(expr string) []string {
	names := metricName.FindAllString(expr, -1)
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], "_bucket")
	}
	return names
}

// foreign are the metrics that Envoy and Istio have.
var foreign = map[string]bool{
	"envoy_wasm_vm_reload": true, "envoy_wasm_vm_reload_failure": true,
	"envoy_listener_manager_lds_update_rejected":     true,
	"envoy_listener_manager_listener_create_failure": true,
	"pilot_total_xds_rejects":                        true,
}

// documented are the metrics in docs/metrics.md.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(gatewarden_\\w+)`").FindAllSubmatch(text, -1) {
		found[string(m[1])] = true
	}
	require.Greater(t, len(found), 20, "the test looks for the wrong thing")
	return found
}

func TestAlertsAskForMetricsThatExist(t *testing.T) {
	known := documented(t)
	for _, a := range alerts(t) {
		for _, name := range metricsIn(a.Expr) {
			assert.True(t, known[name] || foreign[name], "%s asks for %s", a.Alert, name)
		}
	}
}
