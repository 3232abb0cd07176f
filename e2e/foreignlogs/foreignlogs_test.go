// Package foreignlogs plays one attack through Envoy with the filter in shadow mode, and
// through nginx, Apache, HAProxy and Caddy: what gatewarden simulate forecasts from their
// logs is what it forecasts from Envoy's, but for what their formats do not tell.
package foreignlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

const configuration = `{"surfaces": [
	{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token", "methods": ["POST"]}],
		"lockout": {"failures": 5, "window": "1m", "duration": "5m", "mode": "shadow"}},
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}],
		"lockout": {"failures": 5, "window": "1m", "duration": "5m", "mode": "shadow"}}],
	"log": {"per_second": 1000}, "allow_on_headers_stop_iteration": true}`

// forecast is what is read of the command's JSON.
type forecast struct {
	Log struct {
		Requests, Unreadable, Other int
	}
	Assumptions []string
	Variants    []struct {
		Failures, Lockouts, Refused, Stopped, Lost, Assumed, Undecided int
		Clients                                                        []client
	}
}

type client struct {
	Client, Surface                            string
	Lockouts, Failures, Refused, Stopped, Lost int
}

// figures are what two forecasts are compared by, a line for each client.
func (f forecast) figures(without ...string) string {
	var lines []string
	for _, c := range f.Variants[0].Clients {
		if !strings.Contains(strings.Join(without, " "), c.Client) {
			lines = append(lines, fmt.Sprintf("%s on %s: %d failures, %d lockouts, %d refused, of these %d guesses and %d honest",
				c.Client, c.Surface, c.Failures, c.Lockouts, c.Refused, c.Stopped, c.Lost))
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func (f forecast) sums() string {
	v := f.Variants[0]
	return fmt.Sprintf("%d failures, %d lockouts, %d refused", v.Failures, v.Lockouts, v.Refused)
}

// bench is what every log is simulated with.
type bench struct {
	root, config string
	backend      string
}

func newBench(t *testing.T) bench {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "build", "gatewarden"), "run: make cli")
	backend := httptest.NewServer(http.HandlerFunc(service))
	t.Cleanup(backend.Close)
	config := filepath.Join(t.TempDir(), "gatewarden.json")
	require.NoError(t, os.WriteFile(config, []byte(configuration), 0o600))
	return bench{root: root, config: config, backend: backend.Listener.Addr().String()}
}

func (b bench) simulate(t *testing.T, flag string, logs ...string) (f forecast) {
	t.Helper()
	args := append([]string{"simulate", "--format", "json", "--max-unreadable", "0", "--config", b.config, flag}, logs...)
	command := exec.CommandContext(t.Context(), filepath.Join(b.root, "build", "gatewarden"), args...)
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	require.NoError(t, err, said.String())
	require.NoError(t, json.Unmarshal(out, &f))
	require.Len(t, f.Variants, 1)
	return f
}

// envoyLog plays the attack through Envoy and returns its log, once the forecast of it is
// what the filter counted.
func (b bench) envoyLog(t *testing.T) (file string) {
	p, address, err := startEnvoy(t.Context(), b.root, t.TempDir(), b.backend)
	require.NoError(t, err)
	defer p.Stop()
	require.NoError(t, play(t.Context(), address))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("10 seconds are over"))
	defer cancel()
	var lines []string
	require.NoError(t, wait.Until(ctx, "a line for every request", func() (bool, error) {
		lines = p.Access.Lines(`"method"`)
		return len(lines) >= len(attack()), nil
	}))
	file = filepath.Join(t.TempDir(), "envoy.log")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	want := b.simulate(t, "--as-configured", file).sums()
	counted := ""
	err = wait.Until(ctx, "the metrics", func() (bool, error) {
		m, err := p.Metrics(ctx)
		counted = sumsOf(m)
		return counted == want, err
	})
	require.NoError(t, err, "the filter counted %s, simulated were %s", counted, want)
	return file
}

func sumsOf(m envoy.Metrics) string {
	var failures, lockouts, refused int
	for _, surface := range []string{"surface=token", "surface=rest"} {
		failures += int(m.Value("gatewarden_auth_failures_total", surface))
		lockouts += int(m.Value("gatewarden_lockouts_total", surface))
		refused += int(m.Value("gatewarden_requests_total", "outcome=shadowed", surface))
	}
	return fmt.Sprintf("%d failures, %d lockouts, %d refused", failures, lockouts, refused)
}

var told = regexp.MustCompile(`"(credential|failure)":("[^"]*"|true|false),?`)

// without returns a copy of Envoy's log without what the others do not tell.
func without(t *testing.T, file string, fields string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	less := told.ReplaceAllStringFunc(string(text), func(field string) string {
		if strings.Contains(fields, strings.Split(field, `"`)[1]) {
			return ""
		}
		return field
	})
	less = strings.ReplaceAll(less, ",}", "}")
	require.NotEqual(t, string(text), less)
	out := filepath.Join(t.TempDir(), "less.log")
	require.NoError(t, os.WriteFile(out, []byte(less), 0o600))
	return out
}

func TestForeignLogs(t *testing.T) {
	b := newBench(t)
	file := b.envoyLog(t)
	all := b.simulate(t, "--quiet", file)
	noReason := b.simulate(t, "--quiet", without(t, file, "failure"))
	neither := b.simulate(t, "--quiet", without(t, file, "failure credential"))
	t.Logf("Envoy: %s\n%s", all.sums(), all.figures())
	for _, s := range servers() {
		t.Run(s.program, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r, err := s.start(t.Context(), dir, b.backend)
			require.NoError(t, err)
			require.NoError(t, errors.Join(play(t.Context(), r.address), r.stop(t.Context())))
			for _, l := range s.logs {
				var files []string
				for _, name := range l.files {
					files = append(files, filepath.Join(dir, name))
				}
				got := b.simulate(t, "--quiet", files...)
				want := neither
				if l.credentials {
					want = noReason
				}
				t.Logf("%s: %s", l.name, got.sums())
				compare(t, l, got, want, all)
			}
		})
	}
}

// compare compares a forecast with that of Envoy's log without the fields that the format
// lacks, and with that of the whole log for clients that do not need these fields.
func compare(t *testing.T, l foreignLog, got, want, all forecast) {
	t.Helper()
	assert.Equal(t, len(attack()), got.Log.Requests, l.name)
	assert.Equal(t, l.others, got.Log.Other > 0, "%s: %d lines of another log", l.name, got.Log.Other)
	assert.Equal(t, want.sums(), got.sums(), l.name)
	assert.Equal(t, want.figures(), got.figures(), l.name)
	assert.Equal(t, all.figures(refresher, discovery), got.figures(refresher, discovery), l.name)
	v := got.Variants[0]
	assert.Equal(t, 8, v.Undecided, "%s: the answers 400 of the token endpoint may be failures", l.name)
	assert.Equal(t, l.credentials, v.Assumed == 0, "%s: %d failures are assumed", l.name, v.Assumed)
	if l.credentials {
		assert.Equal(t, all.figures(refresher), got.figures(refresher), l.name)
	}
}
