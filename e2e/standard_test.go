package e2e

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The listeners of [standard], by what is special about them.
const (
	plain        = "public"
	quick        = "quick"          // lockouts of 3 seconds
	behindProxy  = "behind-a-proxy" // one trusted hop of X-Forwarded-For
	headersGo    = "headers-go"     // headers cannot be held until the body is there
	withJWTAuthn = "jwt-authn"
	withExtAuthz = "ext-authz"
)

var (
	hourly = map[string]string{
		"rest":    `{"failures": 3, "window": "1h"}`,
		"mcp":     `{"failures": 2, "window": "1h"}`,
		"token":   `{"failures": 4, "window": "1h"}`,
		"consent": `{"failures": 4, "window": "1h"}`,
		"grpc":    `{"failures": 3, "window": "1h"}`,
	}
	brief = map[string]string{
		"rest": `{"failures": 3, "window": "3s"}`,
		"mcp":  `{"failures": 5, "window": "3s"}`,
	}
)

// everyLine lets the log have a line for all that these tests do.
const everyLine = `"log": {"per_second": 1000}`

var shared struct {
	sync.Mutex
	stage *stage
	guard *guard
}

// standard is a stage that tests share, because an Envoy with a Wasm filter
// takes seconds to start. It has several listeners, all of one VM. The tests'
// clients keep them apart: each has an address of its own, and what a test
// expects of counters it expects of the difference.
func standard(t *testing.T, listener string) *stage {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.stage == nil {
		startStandard(t)
	}
	shared.stage.showOnFailure(t)
	s := *shared.stage
	var err error
	s.address, err = s.envoy.ListenerAddress(t.Context(), listener)
	require.NoError(t, err)
	return &s
}

func startStandard(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatewarden-e2e-")
	require.NoError(t, err)
	shared.guard, err = startGuard()
	require.NoError(t, err)
	config := configuration(hourly, oauth, everyLine)
	shared.stage, err = newStage(dir, config, ownProcess,
		withBootstrap(followProtocol),
		withBootstrap(shared.guard.addCluster),
		withListener(quick, configuration(brief, oauth, everyLine), nil),
		withListener(behindProxy, configuration(hourly, everyLine, `"client": {"allow": ["192.0.2.128/25"]}`), trustOneHop),
		withListener(headersGo, config, letHeadersGo),
		withListener(withJWTAuthn, config, requireJWT),
		withListener(withExtAuthz, config, shared.guard.require),
		withExamples)
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	require.NoError(t, err)
}

// stopStandard ends the shared stage, after all tests.
func stopStandard() {
	if shared.stage != nil {
		shared.stage.stop()
		_ = os.RemoveAll(shared.stage.dir)
	}
	if shared.guard != nil {
		shared.guard.stop()
	}
}
