package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// What docs/operating.md says survives what. Configuration updates and a crash of the
// filter are in update_test.go.

var fourAnHour = configuration(map[string]string{"rest": `{"failures": 4, "window": "1h"}`})

// traces are clients that the filter remembers something of.
type traces struct{ locked, counted *caller }

// leaveTraces locks one client out and lets another fail three times out of four.
func (s *stage) leaveTraces(t *testing.T) traces {
	t.Helper()
	v := traces{s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)}
	v.locked.lock(t, 4)
	v.counted.fail(t, 3)
	return v
}

// anew gives the traces new connections, to address.
func (v traces) anew(address string) {
	for _, c := range []*caller{v.locked, v.counted} {
		c.http.CloseIdleConnections()
		c.base = "http://" + address
	}
}

func (v traces) requireKept(t *testing.T) {
	t.Helper()
	require.Equal(t, 429, v.locked.get(t, "/api/v1/items", valid).status, "the lockout stands")
	v.counted.lock(t, 1)
}

func (v traces) requireForgotten(t *testing.T) {
	t.Helper()
	require.Equal(t, 200, v.locked.get(t, "/api/v1/items", valid).status, "the lockout is forgotten")
	v.counted.lock(t, 4)
}

// A new module under the same vm_id finds what the old one has counted, and no
// request fails while it takes over.
func TestModuleUpgradeKeepsCounts(t *testing.T) {
	t.Parallel()
	other, err := envoy.TrappingFilter(root)
	require.NoError(t, err)
	modules := []string{other, wasmPath} // there, and back again
	s := start(t, fourAnHour)
	v := s.leaveTraces(t)

	served := s.newCaller(t, client.HTTP1)
	stop, stopped := make(chan struct{}), make(chan map[int]int)
	go func() {
		statuses := make(map[int]int)
		pace := time.NewTicker(20 * time.Millisecond) // Envoy needs the processor to compile
		defer pace.Stop()
		for {
			select {
			case <-stop:
				stopped <- statuses
				return
			case <-pace.C:
			}
			// A connection that Envoy drains may close under a request.
			if r, err := served.try("GET", "/api/v1/items", "", valid); err == nil {
				statuses[r.status]++
			}
		}
	}()
	for _, path := range modules {
		require.NoError(t, s.bootstrap.SetWasm(path))
		s.update(t, fourAnHour)
	}
	close(stop)
	statuses := <-stopped
	t.Logf("answers meanwhile, by status: %v", statuses)
	assert.Len(t, statuses, 1)
	assert.Positive(t, statuses[200])
	v.anew(s.address)
	v.requireKept(t)
}

// A client that shadow mode would have locked out is locked out once the rule is enforced.
func TestEnforcingTakesUpWhatShadowCounted(t *testing.T) {
	t.Parallel()
	s := start(t, configuration(map[string]string{"rest": `{"failures": 4, "window": "1h", "mode": "shadow"}`}))
	v := traces{s.newCaller(t, client.HTTP1), s.newCaller(t, client.HTTP1)}
	v.locked.fail(t, 6)
	v.counted.fail(t, 3)
	s.update(t, fourAnHour)
	v.anew(s.address)
	v.requireKept(t)
}

// A vm_id of its own is a table of its own.
func TestAnotherVMIDForgets(t *testing.T) {
	t.Parallel()
	s := start(t, fourAnHour)
	v := s.leaveTraces(t)
	s.bootstrap.Plugin["vm_config"].(envoy.Object)["vm_id"] = "another"
	s.update(t, fourAnHour)
	v.anew(s.address)
	v.requireForgotten(t)
}

// Counters live as long as an instance with their vm_id.
func TestRemovedFilterForgets(t *testing.T) {
	t.Parallel()
	s := start(t, fourAnHour, ownProcess)
	v := s.leaveTraces(t)
	filters := s.bootstrap.HCM["http_filters"]
	s.bootstrap.RemovePlugin()
	s.update(t, fourAnHour)
	within(t, 30*time.Second, "the last VM to go", func() bool {
		vms, err := s.envoy.VMs(t.Context())
		require.NoError(t, err)
		return vms == 0
	})
	s.bootstrap.HCM["http_filters"] = filters
	s.update(t, fourAnHour)
	v.anew(s.address)
	v.requireForgotten(t)
}

func TestRestartForgets(t *testing.T) {
	t.Parallel()
	s := start(t, fourAnHour, ownProcess)
	v := s.leaveTraces(t)
	s.envoy.Stop()
	require.NoError(t, s.startEnvoy())
	v.anew(s.address)
	v.requireForgotten(t)
}

// Each Envoy counts for itself: with two of them, a client that is spread over both
// has twice the failures.
func TestReplicasCountApart(t *testing.T) {
	t.Parallel()
	one, other := start(t, fourAnHour), start(t, fourAnHour)
	v := one.leaveTraces(t)
	v.anew(other.address)
	v.requireForgotten(t)
}

// A hot restart hands the sockets over and no counters.
func TestHotRestartForgets(t *testing.T) {
	t.Parallel()
	if binary.Image != "" {
		t.Skip("an Envoy in a container cannot take over from one in another")
	}
	base := filepath.Join(t.TempDir(), "base-id")
	s := start(t, fourAnHour, ownProcess, withBootstrap(givePort), func(s *stage) error {
		s.hotRestart = []string{"--use-dynamic-base-id", "--base-id-path", base, "--parent-shutdown-time-s", "2"}
		return nil
	})
	v := s.leaveTraces(t)
	id, err := os.ReadFile(base)
	require.NoError(t, err)

	next, err := envoy.Start(t.Context(), binary, envoy.Options{
		Bootstrap: s.bootstrap, Dir: t.TempDir(), WorkDir: root, Workers: s.workers,
		HotRestart: []string{"--base-id", strings.TrimSpace(string(id)), "--restart-epoch", "1", "--parent-shutdown-time-s", "2"},
	})
	require.NoError(t, err)
	t.Cleanup(next.Stop)
	within(t, 30*time.Second, "the first Envoy to end", func() bool {
		select {
		case <-s.envoy.Done():
			return true
		default:
			return false
		}
	})
	v.anew(s.address)
	v.requireForgotten(t)
}

// givePort gives the listener a free port of its own: a hot restart finds sockets by
// their configured address.
func givePort(b *envoy.Bootstrap) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	_, text, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(text)
	address, ok := b.Listener["address"].(envoy.Object)["socket_address"].(envoy.Object)
	if !ok {
		return errors.New("the listener has no socket address")
	}
	address["port_value"] = port
	return err
}
