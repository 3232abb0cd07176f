package mcpclients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// A run is one of MCP's conformance suite against the server that the Go SDK has for it.
type run struct {
	name string
	// server are the server's flags: it has sessions, or is stateless.
	server []string
	// suite is the package, and flags choose its scenarios.
	suite string
	flags []string
	// checks is how many there are: a suite that finds fewer shows less.
	checks int
	// fails are the scenarios that fail without Envoy, too: without a session, a server of
	// version 2025-11-25 cannot ask its client.
	fails []string
	// hidden is a tool that the scenarios do not use, and that the suite may not see.
	hidden string
}

const (
	stable = "@modelcontextprotocol/conformance" // for versions up to 2025-11-25
	next   = "conformance-next"                  // for 2026-07-28, too
)

var (
	withSessions = []string{"-stateless=false"}
	stateless    = []string{"-stateless=true"}
)

var runs = []run{
	{name: "sessions", server: withSessions, suite: stable, checks: 44, hidden: "test_logging_tool"},
	{name: "stateless", server: stateless, suite: stable, checks: 30, hidden: "test_logging_tool", fails: []string{
		"elicitation-sep1034-defaults", "elicitation-sep1330-enums", "tools-call-elicitation", "tools-call-sampling",
	}},
	{name: "sessions-next", server: withSessions, suite: next, flags: []string{"--spec-version", "2025-11-25"}, checks: 82, hidden: "test_trigger_prompt_change"},
	{name: "stateless-next", server: stateless, suite: next, flags: []string{"--spec-version", "2026-07-28"}, checks: 153, hidden: "test_reconnection"},
}

// conformanceToken is what Envoy adds to the suite's requests, which have no credential.
const conformanceToken = "conformance"

// everything has all that concerns MCP switched on, with limits that the suite does not
// reach. Tools that it does not use are hidden from its caller.
func (r run) everything() string {
	hash := sha256.Sum256([]byte(conformanceToken))
	return `{
		"allow_on_headers_stop_iteration": true,
		"surfaces": [{"name": "` + r.name + `", "kind": "mcp", "match": [{"prefix": "/mcp"}], "require": true,
			"lockout": {"failures": 5, "window": "1m"}}],
		"identity": [{"source": "api_keys", "keys": [{"id": "suite", "sha256": "` + hex.EncodeToString(hash[:]) + `",
			"subject": "` + r.name + `", "tenant": "suite", "tier": "pro", "scopes": ["mcp:admin"]}]}],
		"oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"],
			"scopes_supported": ["mcp:query", "generate"]},
		"scopes": {"implies": {"mcp:admin": ["mcp:query", "generate"]}},
		"mcp": {
			"reject_format": "auto",
			"tiers": ["free", "pro", "enterprise"],
			"risks": {"READ_ONLY": ["mcp:query"]},
			"methods": [{"method": "resources/read", "scopes": ["mcp:query"]}, {"method": "prompts/get", "scopes": ["mcp:query"]}],
			"tools": [
				{"name": "test_simple_text", "risk": "READ_ONLY", "cost": 5, "arguments": [{"argument": "quality", "times": {"premium": 3}}]},
				{"name": "test_image_content", "risk": "EXTERNAL_MUTATION", "tier": "pro", "cost": 40},
				{"name": "test_error_handling", "scopes": ["mcp:query"], "cost": 5},
				{"name": "` + r.hidden + `", "tier": "enterprise", "scopes": []}
			],
			"other_tools": {"risk": "DESTRUCTIVE", "tier": "free", "cost": 1}
		},
		"quotas": [
			{"name": "` + r.name + `-calls", "per": ["tenant"], "limit": 100000, "window": "1m", "algorithm": "sliding_window"},
			{"name": "` + r.name + `-credits", "per": ["tenant", "subject"], "unit": "credits", "limit": 100000, "window": "day"}
		],
		"concurrency": [{"name": "` + r.name + `", "per": "identity", "limit": 200}]
	}`
}

// everythingServers are where the runs' servers listen, by the name of the run.
var everythingServers = map[string]string{}

// addConformance starts a server for each run, with a listener in front of it.
func addConformance(b *envoy.Bootstrap) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "gatewarden-conformance-")
	if err != nil {
		return nil, err
	}
	var servers []*exec.Cmd
	stop = func() {
		for _, s := range servers {
			_ = s.Process.Kill()
			_ = s.Wait()
		}
		_ = os.RemoveAll(dir)
	}
	binary := filepath.Join(dir, "everything-server")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/modelcontextprotocol/go-sdk/conformance/everything-server").CombinedOutput()
	if err != nil {
		return stop, fmt.Errorf("the server of the conformance suite: %w\n%s", err, out)
	}
	for _, r := range runs {
		at, err := freeAddress()
		if err != nil {
			return stop, err
		}
		s := exec.Command(binary, append([]string{"-http", at}, r.server...)...)
		if err := s.Start(); err != nil {
			return stop, err
		}
		servers = append(servers, s)
		everythingServers[r.name] = at
		if err := errors.Join(awaitListening(at), addListener(b, r.name, at, r.everything(), presentToken)); err != nil {
			return stop, err
		}
	}
	return stop, nil
}

// presentToken lets Envoy add a credential to each request, in front of the filter.
func presentToken(b *envoy.Bootstrap) {
	b.InsertBefore(envoy.Object{
		"name": "envoy.filters.http.header_mutation",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
			"mutations": envoy.Object{"request_mutations": []any{envoy.Object{"append": envoy.Object{
				"header":        envoy.Object{"key": "authorization", "value": "Bearer " + conformanceToken},
				"append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
			}}}},
		},
	})
}

func awaitListening(at string) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Second, errors.New("20 seconds are over"))
	defer cancel()
	return wait.Until(ctx, "a server to listen at "+at, func() (bool, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
		if err != nil {
			return false, nil
		}
		return true, connection.Close()
	})
}

// TestConformance: the suite finds the same through the filter, with all that concerns MCP
// switched on, as without it; and nothing fails for it.
func TestConformance(t *testing.T) {
	t.Parallel()
	showOnFailure(t)
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			direct := r.play(t, everythingServers[r.name])
			behind := r.play(t, address(t, r.name))
			assert.Equal(t, direct, behind)
			assert.Len(t, behind.passed, r.checks)
			assert.Equal(t, r.fails, behind.failed)
			// What the suite cannot see shows that the filter was at work.
			list := job{Endpoint: "http://" + address(t, r.name) + "/mcp", Era: "2025-11-25", Tool: r.hidden, Seconds: seconds}.play(t)
			assert.NotContains(t, list.Tools, r.hidden)
			assert.Contains(t, list.Text, "This needs the tier enterprise or a higher one.")
		})
	}
}

// found is what the suite found: the checks that passed, with their scenarios, and the
// scenarios that failed.
type found struct{ passed, failed []string }

// play runs the suite against a server.
func (r run) play(t *testing.T, at string) (f found) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	node := tool("node", "node_modules", ".bin", "node") // Node 22, which the suite needs
	require.FileExists(t, node, remedy)
	args := append([]string{tool("node", "node_modules", r.suite, "dist", "index.js"), "server",
		"--url", "http://" + at + "/mcp", "--suite", "all", "--output-dir", dir}, r.flags...)
	play := exec.CommandContext(ctx, node, args...)
	out, err := play.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && (!errors.As(err, &failed) || ctx.Err() != nil) {
		require.NoError(t, err, "%s", out)
	}
	f.collect(t, dir)
	return f
}

// scenarioOf finds the scenario in the name of a folder, which ends with the time.
var scenarioOf = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)

// collect reads the suite's files: a folder for each scenario, with its checks.
func (f *found) collect(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	require.NoError(t, err)
	for _, file := range files {
		scenario := scenarioOf.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
		require.NotNil(t, scenario, "%s", file)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var checks []struct {
			ID, Status, ErrorMessage string
			Details                  json.RawMessage
		}
		require.NoError(t, json.Unmarshal(text, &checks))
		for _, c := range checks {
			switch c.Status {
			case "SUCCESS":
				f.passed = append(f.passed, scenario[1]+": "+c.ID)
			case "FAILURE":
				f.failed = append(f.failed, scenario[1])
				t.Logf("%s: %s: %s %s", scenario[1], c.ID, c.ErrorMessage, c.Details)
			}
		}
	}
	slices.Sort(f.passed)
	slices.Sort(f.failed)
	f.failed = slices.Compact(f.failed)
}
