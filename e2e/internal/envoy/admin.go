package envoy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

var adminClient = &http.Client{Timeout: 10 * time.Second}

func (p *Process) get(ctx context.Context, path string) ([]byte, error) {
	return p.ask(ctx, http.MethodGet, path)
}

func (p *Process) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+p.Admin+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := adminClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("admin endpoint, %s %s: %s: %s", method, path, response.Status, lastLine(body))
	}
	return body, nil
}

// Memory returns the bytes that Envoy has allocated at this moment, on its heap and
// for shared data, though not in the VMs.
func (p *Process) Memory(ctx context.Context) (int64, error) {
	body, err := p.get(ctx, "/memory")
	if err != nil {
		return 0, err
	}
	var answer struct {
		Allocated int64 `json:",string"`
	}
	return answer.Allocated, json.Unmarshal(body, &answer)
}

// ListenerAddress returns the address, host:port, that the listener called name
// has got from the system.
func (p *Process) ListenerAddress(ctx context.Context, name string) (string, error) {
	body, err := p.get(ctx, "/listeners?format=json")
	if err != nil {
		return "", err
	}
	var answer struct {
		ListenerStatuses []struct {
			Name         string
			LocalAddress struct {
				SocketAddress struct {
					Address   string
					PortValue int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", err
	}
	for _, l := range answer.ListenerStatuses {
		if l.Name == name {
			socket := l.LocalAddress.SocketAddress
			return fmt.Sprintf("%s:%d", socket.Address, socket.PortValue), nil
		}
	}
	return "", fmt.Errorf("no listener is called %q; Envoy's log ends with:\n%s", name, p.Log.Tail(10))
}

// Stats returns the counters and gauges called names; one that does not exist
// is absent.
func (p *Process) Stats(ctx context.Context, names ...string) (map[string]uint64, error) {
	body, err := p.get(ctx, "/stats?format=json")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Stats []struct {
			Name  string
			Value json.RawMessage
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	found := make(map[string]uint64, len(names))
	for _, s := range answer.Stats {
		for _, name := range names {
			var value uint64
			if s.Name == name && json.Unmarshal(s.Value, &value) == nil {
				found[name] = value
			}
		}
	}
	return found, nil
}

// VMs returns how many VMs of Wasm modules there are, those that are about to go included.
func (p *Process) VMs(ctx context.Context) (uint64, error) {
	const active = "wasm.envoy.wasm.runtime.v8.active"
	stats, err := p.Stats(ctx, active)
	return stats[active], err
}

// resetCounters sets all counters to zero.
func (p *Process) resetCounters(ctx context.Context) error {
	_, err := p.ask(ctx, http.MethodPost, "/reset_counters")
	return err
}

// Metrics is one scrape of /stats/prometheus.
type Metrics map[string]*dto.MetricFamily

// Metrics scrapes Envoy as Prometheus would.
func (p *Process) Metrics(ctx context.Context) (Metrics, error) {
	body, err := p.get(ctx, "/stats/prometheus")
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	return families, err
}

// Value is the value of the series called name whose labels are exactly labels,
// given as "name=value"; 0 if there is none.
func (m Metrics) Value(name string, labels ...string) float64 {
	family := m[name]
	if family == nil {
		return 0
	}
	for _, metric := range family.Metric {
		if sameLabels(metric, labels) {
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return 0
}

// AwaitMetric waits until a series has a value. The filter hands its counts over once
// in a while, so they lag behind.
func (p *Process) AwaitMetric(ctx context.Context, want float64, name string, labels ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var got float64
	err := wait.Until(ctx, name, func() (bool, error) {
		metrics, err := p.Metrics(ctx)
		got = metrics.Value(name, labels...)
		return got == want, err
	})
	if err != nil {
		return fmt.Errorf("%s%v is %v, want %v: %w", name, labels, got, want, err)
	}
	return nil
}

func sameLabels(metric *dto.Metric, labels []string) bool {
	if len(metric.Label) != len(labels) {
		return false
	}
	have := make(map[string]string, len(metric.Label))
	for _, l := range metric.Label {
		have[l.GetName()] = l.GetValue()
	}
	for _, l := range labels {
		name, value, _ := strings.Cut(l, "=")
		if have[name] != value {
			return false
		}
	}
	return true
}

// ListenerErrors returns why listeners were refused, in Envoy's words.
func (p *Process) ListenerErrors(ctx context.Context) ([]string, error) {
	body, err := p.get(ctx, "/config_dump?resource=dynamic_listeners")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Configs []struct {
			ErrorState struct{ Details string } `json:"error_state"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var details []string
	for _, c := range answer.Configs {
		if c.ErrorState.Details != "" {
			details = append(details, c.ErrorState.Details)
		}
	}
	return details, nil
}
