package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// prometheus is a running Prometheus that scrapes one Envoy, four times a second.
type prometheus struct {
	t       *testing.T
	address string
}

const prometheusConfig = `
global: {scrape_interval: 250ms, evaluation_interval: 250ms}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: envoy
    metrics_path: /stats/prometheus
    static_configs: [{targets: [TARGET]}]
`

// startPrometheus runs it with alerts until the test ends.
func startPrometheus(t *testing.T, target, rules string) *prometheus {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	require.NoError(t, err, "prometheus is missing: install the package of this name, or Prometheus itself")
	dir := t.TempDir()
	config := strings.Replace(prometheusConfig, "TARGET", target, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(rules), 0o600))
	log := envoy.NewLog(1 << 20)
	command := exec.Command(binary, "--config.file", filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", "127.0.0.1:0")
	command.Stderr = log
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		if t.Failed() {
			t.Logf("Prometheus's log ends with:\n%s", log.Tail(20))
		}
	})
	p := &prometheus{t: t}
	address := regexp.MustCompile(`msg="Listening on".* address=(\S+)`)
	within(t, 20*time.Second, "Prometheus to be ready", func() bool {
		for _, line := range log.Lines("Listening on") {
			if found := address.FindStringSubmatch(line); found != nil {
				p.address = found[1]
			}
		}
		response, err := http.Get("http://" + p.address + "/-/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return p
}

// query asks for what an expression is at a moment; the zero time means now.
func (p *prometheus) query(expression string, at time.Time) model.Vector {
	p.t.Helper()
	values := url.Values{"query": {expression}}
	if !at.IsZero() {
		values.Set("time", strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64))
	}
	response, err := http.Get("http://" + p.address + "/api/v1/query?" + values.Encode())
	require.NoError(p.t, err)
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(p.t, "success", answer.Status, "%s: %s", expression, answer.Error)
	require.Equal(p.t, "vector", answer.Data.ResultType, expression)
	var vector model.Vector
	require.NoError(p.t, json.Unmarshal(answer.Data.Result, &vector))
	return vector
}

// value is the only value of an expression now, or -1 if there is none.
func (p *prometheus) value(expression string) float64 {
	p.t.Helper()
	vector := p.query(expression, time.Time{})
	if len(vector) == 0 {
		return -1
	}
	require.Len(p.t, vector, 1, expression)
	return float64(vector[0].Value)
}
