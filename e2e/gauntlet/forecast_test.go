package gauntlet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// The attacks are played against Gatewarden in shadow mode, and the access log is
// simulated: what comes out has to be what the filter counted. Then they are played
// against Gatewarden that enforces, and what was forecast has to come true.

// figures are what a surface is compared by.
type figures struct{ Failures, Lockouts, Refused int }

func (f figures) minus(other figures) figures {
	return figures{f.Failures - other.Failures, f.Lockouts - other.Lockouts, f.Refused - other.Refused}
}

func (f figures) String() string {
	return fmt.Sprintf("%d failures, %d lockouts, %d refused", f.Failures, f.Lockouts, f.Refused)
}

// simulated is what is read of the command's JSON.
type simulated struct {
	Variants []struct {
		figures
		Requests, Lost int
		Clients        []struct {
			Client   string
			Lockouts int
		}
	}
}

// shootingRange is one Envoy with the filter, on which attacks are played in turn.
type shootingRange struct {
	target  *Target
	referee *Referee
	sizes   Sizes
	config  string // a file
	sent    atomic.Int64
}

// forecastSizes are attacks of some seconds.
func forecastSizes() Sizes {
	s := small()
	s.Windows, s.Table = 2, usualTable
	return s
}

func newRange(t *testing.T, edge Edge, mode string) *shootingRange {
	t.Helper()
	g := game()
	r := &shootingRange{referee: NewReferee(), sizes: forecastSizes()}
	address, stop, err := serve(r.referee)
	require.NoError(t, err)
	t.Cleanup(stop)
	setup := Setup{
		Tools: g.Tools, Limit: r.sizes.Limit, Edge: edge, Table: r.sizes.Table, Service: address, Referee: r.referee, Dir: t.TempDir(),
		Workers: usualWorkers,
		Variant: Variant{Lockout: map[string]any{"mode": mode}, Plugin: map[string]any{"log": map[string]any{"per_second": 1000}}},
	}
	text, err := pluginConfig(setup)
	require.NoError(t, err)
	r.config = filepath.Join(t.TempDir(), "gatewarden.json")
	require.NoError(t, os.WriteFile(r.config, text, 0o600))
	r.target, err = startEnvoy(t.Context(), setup, func(b *envoy.Bootstrap) error {
		b.SetPluginConfig(string(text))
		return errors.Join(b.SetWasm(g.Tools.Wasm), logAccess(g.Tools.Root, b))
	})
	require.NoError(t, err)
	t.Cleanup(r.target.Stop)
	send := r.target.Send
	r.target.Send = func(ctx context.Context, s Shot) (int, error) {
		status, err := send(ctx, s)
		if err == nil {
			r.sent.Add(1)
		}
		return status, err
	}
	return r
}

// logAccess has Envoy log as envoy.yaml does, and whether there was a credential.
func logAccess(root string, b *envoy.Bootstrap) error {
	shipped, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return err
	}
	b.HCM["access_log"] = shipped.HCM["access_log"]
	logger := shipped.HCM["access_log"].([]any)[0].(envoy.Object)
	format := logger["typed_config"].(envoy.Object)["log_format"].(envoy.Object)["json_format"].(envoy.Object)
	format["credential"] = "%CEL('authorization' in request.headers || 'x-api-key' in request.headers || " +
		"request.query.contains('api_key=') || request.query.contains('access_token='))%"
	return nil
}

// play plays an attack and returns how many of the honest requests were refused.
func (r *shootingRange) play(ctx context.Context, a Attack) (refused int, err error) {
	// What an attack left behind is over.
	if err := sleep(ctx, r.sizes.Limit.Window); err != nil {
		return 0, err
	}
	f := newField(r.sizes, r.target)
	r.referee.begin(a.Think)
	err = errors.Join(a.Run(ctx, f), f.trouble())
	return f.refused, err
}

// log writes the access log to a file, once it has a line for every answer.
func (r *shootingRange) log(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var lines []string
	err := wait.Until(ctx, "a line for every answer", func() (bool, error) {
		lines = r.target.Envoy.Access.Lines(`"method"`)
		return int64(len(lines)) >= r.sent.Load(), nil
	})
	require.NoError(t, err, "%d lines, %d answers", len(lines), r.sent.Load())
	name := filepath.Join(t.TempDir(), "access.log")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return name
}

// simulate runs the command as a user would.
func (r *shootingRange) simulate(t *testing.T, log string, flags ...string) simulated {
	t.Helper()
	command := filepath.Join("..", "..", "build", "gatewarden")
	require.FileExists(t, command, "make cli")
	args := append([]string{"simulate", "--format", "json", "--config", r.config}, append(flags, log)...)
	out, err := exec.CommandContext(t.Context(), command, args...).Output()
	require.NoError(t, err)
	var s simulated
	require.NoError(t, json.Unmarshal(out, &s))
	require.Len(t, s.Variants, 1)
	return s
}

// counted is what the filter's metrics say, once they are about as many requests as
// the log. Each worker hands its counts over once a second, and may have those of the
// answers still to come: if they are not what was simulated by the end, they differ.
func (r *shootingRange) counted(t *testing.T, log simulated) (sum figures) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	seen, requests := 0, log.Variants[0].Requests
	_ = wait.Until(ctx, "the metrics", func() (bool, error) {
		m, err := r.target.Envoy.Metrics(ctx)
		if err != nil {
			return false, err // what was read before stands: it may be the time that is over
		}
		seen, sum = 0, figures{}
		for _, surface := range []string{"surface=token", "surface=rest"} {
			value := func(name string, labels ...string) int { return int(m.Value(name, append(labels, surface)...)) }
			would := value("gatewarden_requests_total", "outcome=shadowed") + value("gatewarden_requests_total", "outcome=refused")
			seen += value("gatewarden_requests_total", "outcome=passed") + would
			sum.Refused += would
			sum.Failures += value("gatewarden_auth_failures_total")
			sum.Lockouts += value("gatewarden_lockouts_total")
		}
		return seen == requests && sum.Failures == log.Variants[0].Failures, nil
	})
	require.Equal(t, requests, seen, "the metrics are about as many requests as the log")
	return sum
}

var lockedClient = regexp.MustCompile(`gatewarden: failure .*client=(\S+) .*locked_for=`)

// locked are the clients that were locked out, by the lines of the filter.
func (r *shootingRange) locked(t *testing.T) []string {
	t.Helper()
	m, err := r.target.Envoy.Metrics(t.Context())
	require.NoError(t, err)
	require.Zero(t, m.Value("gatewarden_log_suppressed_total"), "the filter left lines out")
	found := map[string]bool{}
	for _, line := range r.target.Envoy.Log.Lines("locked_for=") {
		if match := lockedClient.FindStringSubmatch(line); match != nil {
			found[match[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (s simulated) locked() []string {
	found := map[string]bool{}
	for _, c := range s.Variants[0].Clients {
		if c.Lockouts > 0 {
			found[c.Client] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// forecastRow is what came of one attack.
type forecastRow struct {
	attack            string
	requests          int
	counted, replayed figures // in shadow mode
	forecast, real    figures // where it is enforced
	lost, refused     int     // honest requests: forecast, and in fact
	bound             Bound   // of the failures where it is enforced
}

// TestForecast plays the attacks that one proxy sees. A flood of the table is not
// among them: which counters a full table gives up depends on a secret.
func TestForecast(t *testing.T) {
	t.Parallel()
	for _, edge := range []Edge{Direct, Hop, Believed} {
		attacks := slices.DeleteFunc(All(forecastSizes()), func(a Attack) bool {
			return a.Edge != edge || a.Window != 0 || a.Systems != nil || strings.Contains(a.Name, "Spellings")
		})
		// Those of one chunk are played in turn, on Envoys of their own.
		for some := range slices.Chunk(attacks, 7) {
			t.Run("from "+some[0].Name, func(t *testing.T) {
				t.Parallel()
				rows := forecasts(t, edge, some)
				t.Log("\n" + tableOf(rows))
				for _, r := range rows {
					r.check(t)
				}
			})
		}
	}
}

func tableOf(rows []forecastRow) string {
	var table strings.Builder
	fmt.Fprintf(&table, "| attack | requests | counted in shadow mode | simulated | forecast | enforced | honest refused: forecast, enforced |\n|---|---:|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&table, "| %s | %d | %s | %s | %s | %s | %d, %d |\n", r.attack, r.requests, r.counted, r.replayed, r.forecast, r.real, r.lost, r.refused)
	}
	return table.String()
}

// check compares the forecast from the log with what was counted.
//
// Each failure is a line of the log, so failures are equal. The log has whole
// milliseconds, both of the start and of the duration, so a response seems to come up to
// two milliseconds early: a request within these at the end of a lockout is refused by the
// filter and not here. That can happen once per lockout if requests are sequential, and to
// all parallel requests, whose order the log does not have.
func (r forecastRow) check(t *testing.T) {
	s := forecastSizes()
	early, restart := r.counted.Lockouts, s.Limit.Failures
	if isVolley(r.attack) {
		early, restart = s.Parallel, s.Parallel
	}
	assert.Equal(t, r.counted.Failures, r.replayed.Failures, r.attack)
	assert.InDelta(t, r.counted.Lockouts, r.replayed.Lockouts, float64(early), r.attack)
	assert.InDelta(t, r.counted.Refused, r.replayed.Refused, float64(early), r.attack)
	if r.bound.N >= 0 {
		assert.LessOrEqual(t, r.real.Failures, r.bound.N, "%s: %s", r.attack, r.bound)
	}
	// Another run is another run: it may start a guess or a volley earlier or later.
	assert.InDelta(t, r.forecast.Lockouts, r.real.Lockouts, 1, r.attack)
	if isVolley(r.attack) {
		// The forecast lets parallel requests pass, whose order the log does not have; in
		// fact, most of them wait.
		assert.LessOrEqual(t, r.real.Failures, r.forecast.Failures, r.attack)
		assert.GreaterOrEqual(t, r.real.Refused, r.forecast.Refused-restart, r.attack)
	} else {
		assert.InDelta(t, r.forecast.Failures, r.real.Failures, float64(restart), r.attack)
		assert.InDelta(t, r.forecast.Refused, r.real.Refused, float64(restart), r.attack)
	}
	if !strings.HasPrefix(r.attack, "A correct login") { // which the log cannot tell from honest ones
		assert.InDelta(t, r.lost, r.refused, float64(restart), r.attack)
	}
}

func isVolley(attack string) bool { return strings.HasPrefix(attack, "In parallel") }

func forecasts(t *testing.T, edge Edge, attacks []Attack) (rows []forecastRow) {
	t.Helper()
	shadow, enforced := newRange(t, edge, "shadow"), newRange(t, edge, "enforce")
	var before, beforeEnforced forecastRow
	for _, a := range attacks {
		refused := playBoth(t, a, shadow, enforced)
		log := shadow.log(t)
		replayed, forecast := shadow.simulate(t, log, "--as-configured"), shadow.simulate(t, log)
		now := forecastRow{
			requests: replayed.Variants[0].Requests, replayed: replayed.Variants[0].figures,
			forecast: forecast.Variants[0].figures, lost: forecast.Variants[0].Lost,
		}
		now.counted = shadow.counted(t, replayed)
		assert.Equal(t, shadow.locked(t), replayed.locked(), a.Name)
		then := forecastRow{real: enforced.counted(t, enforced.simulate(t, enforced.log(t)))}
		rows = append(rows, forecastRow{
			attack: a.Name, requests: now.requests - before.requests,
			counted: now.counted.minus(before.counted), replayed: now.replayed.minus(before.replayed),
			forecast: now.forecast.minus(before.forecast), lost: now.lost - before.lost,
			real: then.real.minus(beforeEnforced.real), refused: refused, bound: a.Bound(enforced.sizes, gatewarden()),
		})
		before, beforeEnforced = now, then
	}
	return rows
}

// playBoth plays an attack against both at the same time.
func playBoth(t *testing.T, a Attack, shadow, enforced *shootingRange) (refused int) {
	t.Helper()
	done := make(chan error)
	go func() {
		_, err := shadow.play(t.Context(), a)
		done <- err
	}()
	refused, err := enforced.play(t.Context(), a)
	require.NoError(t, errors.Join(err, <-done), a.Name)
	return refused
}
