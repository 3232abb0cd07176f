package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// stage is a demo service with an Envoy in front of it.
type stage struct {
	envoy     *envoy.Process
	service   *service.Server
	bootstrap *envoy.Bootstrap
	// address of Envoy's listener, host:port.
	address string
	workers int
	version int
	// own says that the Envoy was started for this stage, and not borrowed.
	own bool
	// hotRestart and drainSeconds are options of Envoy, see envoy.Options.
	hotRestart   []string
	drainSeconds int
	dir          string
}

// An option changes a stage before it is brought up.
type option func(s *stage) error

func withWorkers(n int) option {
	return func(s *stage) error { s.workers = n; return nil }
}

func withModule(path string) option {
	return func(s *stage) error { return s.bootstrap.SetWasm(path) }
}

// withBootstrap changes Envoy's configuration.
func withBootstrap(edit func(b *envoy.Bootstrap) error) option {
	return func(s *stage) error { return edit(s.bootstrap) }
}

// withListener adds a listener, see [envoy.Bootstrap.AddCopy].
func withListener(name, config string, edit func(b *envoy.Bootstrap) error) option {
	return func(s *stage) error { return s.bootstrap.AddCopy(name, config, edit) }
}

// ownProcess starts an Envoy for this stage alone, which takes seconds. A test needs
// that if it ends Envoy or lets a VM crash, runs a module other than the filter's, or
// looks at what belongs to the process: its memory, the number of its VMs, the list of
// its metrics.
func ownProcess(s *stage) error {
	s.own = true
	return nil
}

// withDrain lets requests of the listener before an update go on for so many seconds
// instead of one, in an Envoy of the test's own.
func withDrain(seconds int) option {
	return func(s *stage) error {
		s.drainSeconds = seconds
		return ownProcess(s)
	}
}

// start brings up a stage of the test's own, from envoy.yaml with the filter
// configured by config, and takes it down when the test ends. Its Envoy is borrowed
// from the pool, unless the option ownProcess says otherwise.
func start(t *testing.T, config string, options ...option) *stage {
	t.Helper()
	s, err := newStage(t.TempDir(), config, options...)
	require.NoError(t, err)
	t.Cleanup(s.stop)
	s.showOnFailure(t)
	return s
}

func newStage(dir, config string, options ...option) (*stage, error) {
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	s := &stage{bootstrap: bootstrap, workers: 2, dir: dir}
	if s.service, err = service.New().Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	if err = s.prepare(config, options); err == nil {
		err = s.startEnvoy()
	}
	if err != nil {
		s.service.Stop()
		return nil, err
	}
	return s, nil
}

func (s *stage) prepare(config string, options []option) error {
	s.bootstrap.SetPluginConfig(config)
	err := errors.Join(
		s.bootstrap.FreePorts(),
		s.bootstrap.SetWasm(wasmPath),
		s.bootstrap.SetEndpoint("service", s.service.Address))
	for _, o := range options {
		err = errors.Join(err, o(s))
	}
	return err
}

func (s *stage) startEnvoy() (err error) {
	ctx := context.Background()
	if s.own {
		s.envoy, err = envoy.Start(ctx, binary, envoy.Options{
			Bootstrap: s.bootstrap, Dir: s.dir, WorkDir: root, Workers: s.workers, Dynamic: true,
			HotRestart: s.hotRestart, DrainSeconds: s.drainSeconds,
		})
	} else {
		s.envoy, err = pool.Borrow(ctx, s.workers)
	}
	if err != nil {
		return err
	}
	if !s.own {
		err = s.envoy.Push(ctx, s.bootstrap)
	}
	if err == nil {
		s.address, err = s.envoy.ListenerAddress(ctx, "public")
	}
	if err != nil {
		s.endEnvoy()
	}
	return err
}

func (s *stage) endEnvoy() {
	if s.own {
		s.envoy.Stop()
	} else {
		pool.GiveBack(s.envoy)
	}
}

func (s *stage) stop() {
	s.endEnvoy()
	s.service.Stop()
}

// showOnFailure shows what Envoy wrote if the test fails.
func (s *stage) showOnFailure(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		select {
		case <-s.envoy.Done():
			t.Logf("Envoy has ended: %v", s.envoy.Err())
		default:
		}
		t.Logf("the end of Envoy's log:\n%s", s.envoy.Log.Tail(40))
		t.Logf("the end of the access log:\n%s", s.envoy.Access.Tail(20))
	})
}

// push gives Envoy its listeners and clusters anew, after changes to the bootstrap.
func (s *stage) push(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("a minute is over"))
	defer cancel()
	return s.envoy.Push(ctx, s.bootstrap)
}

// update gives the filter another configuration and returns when every worker
// uses it for new connections.
func (s *stage) update(t *testing.T, config string) {
	t.Helper()
	s.version++
	s.bootstrap.SetPluginConfig(config)
	route, ok := s.bootstrap.HCM["route_config"].(envoy.Object)
	require.True(t, ok, "envoy.yaml has an inline route_config")
	const marker = "x-config-version"
	version := fmt.Sprint(s.version)
	route["response_headers_to_add"] = []any{envoy.Object{
		"header": envoy.Object{"key": marker, "value": version},
	}}
	require.NoError(t, s.push(t))

	// Connections go to any worker. After this many in a row with the new
	// version, an old worker would have been seen.
	enough, seen := 16*s.workers, 0
	within(t, 20*time.Second, "all workers to use the new listener", func() bool {
		probe, err := client.New("127.0.0.1", client.HTTP1)
		require.NoError(t, err)
		defer probe.CloseIdleConnections()
		for range enough {
			response, err := probe.Get("http://" + s.address + "/healthz")
			if err != nil {
				return false
			}
			_ = response.Body.Close()
			if response.Header.Get(marker) != version {
				seen = 0
				return false
			}
			probe.CloseIdleConnections()
			seen++
		}
		return seen >= enough
	})
}

// within waits for cond and fails the test if it does not hold in time.
func within(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, fmt.Errorf("%s are over", limit))
	defer cancel()
	require.NoError(t, wait.Until(ctx, what, func() (bool, error) { return cond(), nil }))
}

// metric reads one series of /stats/prometheus.
func (s *stage) metric(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	metrics, err := s.envoy.Metrics(t.Context())
	require.NoError(t, err)
	return metrics.Value(name, labels...)
}

func (s *stage) awaitMetric(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	require.NoError(t, s.envoy.AwaitMetric(t.Context(), want, name, labels...))
}

// configuration is a filter configuration with the default surfaces, but with
// these lockout rules (JSON by surface) and these further members.
func configuration(lockouts map[string]string, members ...string) string {
	surfaces := []struct{ name, kind, match string }{
		{"consent", "oauth-consent", `{"path": "/oauth/authorize", "methods": ["POST"]}`},
		{"token", "oauth-token", `{"path": "/oauth/token", "methods": ["POST"]}`},
		{"mcp", "mcp", `{"prefix": "/mcp"}`},
		{"rest", "api", `{"prefix": "/api/v1"}`},
		{"grpc", "api", `{"prefix": "/demo.Status"}`},
	}
	var list []string
	for _, s := range surfaces {
		surface := fmt.Sprintf(`{"name": %q, "kind": %q, "match": [%s]`, s.name, s.kind, s.match)
		if lockout := lockouts[s.name]; lockout != "" {
			surface += `, "lockout": ` + lockout
		}
		list = append(list, surface+"}")
	}
	members = append(members,
		`"surfaces": [`+strings.Join(list, ", ")+`]`)
	return "{" + strings.Join(members, ", ") + "}"
}

// oauth is a member for [configuration]: discovery as in envoy.yaml.
const oauth = `"oauth": {
	"resource": "http://127.0.0.1:10000/mcp",
	"authorization_servers": ["http://127.0.0.1:10000"],
	"scopes_supported": ["mcp:query", "mcp:tools"],
	"realm": "mcp", "challenge_scope": ["mcp:query"]}`
