package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

func TestMetricsHaveLabels(t *testing.T) {
	t.Parallel()
	s := start(t, configuration(map[string]string{
		"rest": `{"failures": 3, "window": "1m"}`,
		"mcp":  `{"failures": 2, "window": "1m", "mode": "shadow"}`,
	}, `"mcp": {"tools": [{"name": "files.delete"}]}`), ownProcess)
	c := s.newCaller(t, client.HTTP1)
	c.lock(t, 3) // and 1 refusal
	for range 4 {
		require.Equal(t, 429, c.get(t, "/api/v1/items", valid).status)
	}
	c.lockMCP(t)
	require.Equal(t, 401, c.do(t, "POST", "/mcp", initialize, rpc, wrong).status, "shadow mode refuses nobody")

	s.awaitMetric(t, 3, "gatewarden_auth_failures_total", "surface=rest")
	s.awaitMetric(t, 1, "gatewarden_lockouts_total", "surface=rest")
	s.awaitMetric(t, 5, "gatewarden_rate_limited_requests_total", "surface=rest", "reason=locked_out")
	s.awaitMetric(t, 3, "gatewarden_requests_total", "surface=rest", "outcome=passed")
	s.awaitMetric(t, 5, "gatewarden_requests_total", "surface=rest", "outcome=refused")
	s.awaitMetric(t, 1, "gatewarden_requests_total", "surface=mcp", "outcome=shadowed")
	c.do(t, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"files.delete"}}`, rpc, wrong)
	s.awaitMetric(t, 1, "gatewarden_tool_calls_total", "tool=files_delete", "outcome=allowed")
	s.awaitMetric(t, 0, "gatewarden_tool_credits_total", "tool=other", "outcome=refunded")
	// Metrics exist before anything happens, so that alerts can see changes.
	metrics, err := s.envoy.Metrics(t.Context())
	require.NoError(t, err)
	surfaces := make(map[string]bool)
	for _, series := range metrics["gatewarden_lockouts_total"].GetMetric() {
		require.Len(t, series.Label, 1)
		surfaces[series.Label[0].GetValue()] = true
	}
	assert.Equal(t, map[string]bool{"consent": true, "token": true, "mcp": true, "rest": true, "grpc": true}, surfaces)
	for name := range metrics {
		if strings.HasPrefix(name, "gatewarden_") {
			assert.NotContains(t, name, "_surface_", "a label was left in a name")
			assert.NotContains(t, name, "_reason_")
			assert.NotContains(t, name, "_outcome_")
			assert.NotContains(t, name, "files")
		}
	}
}

// accessEntry is one line of envoy.yaml's access log.
type accessEntry struct {
	Client, Method, Path, Details, Reason string
	Status                                int
}

func TestAccessLogNamesTheReason(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	c.lock(t, 3)
	c.get(t, "/.well-known/oauth-protected-resource")
	var entries []accessEntry
	within(t, 10*time.Second, "five lines of the access log", func() bool {
		entries = nil
		for _, line := range s.envoy.Access.Lines(c.address) {
			var e accessEntry
			require.NoError(t, json.Unmarshal([]byte(line), &e), line)
			entries = append(entries, e)
		}
		return len(entries) == 5
	})
	items := accessEntry{Client: c.address, Method: "GET", Path: "/api/v1/items", Details: "via_upstream", Status: 401}
	refused := items
	refused.Status, refused.Details, refused.Reason = 429, "gatewarden_locked_out", "locked_out"
	metadata := accessEntry{Client: c.address, Method: "GET", Path: "/.well-known/oauth-protected-resource",
		Details: "gatewarden_metadata", Status: 200}
	assert.Equal(t, []accessEntry{items, items, items, refused, metadata}, entries)
}

// The access log tells which failures presented the same, where the same one counts once.
func TestAccessLogTellsGuessesApart(t *testing.T) {
	t.Parallel()
	const once = `{"repeats": "once", "mode": "shadow"}`
	s := start(t, configuration(map[string]string{"rest": once, "token": once}))
	c := s.newCaller(t, client.HTTP1)
	other := []string{"Authorization", "Bearer another-guess"}
	grant := func(code string) string { return "grant_type=authorization_code&client_id=x&code=" + code }
	for _, header := range [][]string{wrong, wrong, other, valid} {
		c.get(t, "/api/v1/items", header)
	}
	for _, code := range []string{"a", "a", "b"} {
		c.do(t, "POST", "/oauth/token", grant(code), form)
	}
	c.do(t, "POST", "/mcp", initialize, rpc, wrong) // where each failure counts
	var told []string
	within(t, 10*time.Second, "eight lines of the access log", func() bool {
		told = nil
		for _, line := range s.envoy.Access.Lines(c.address) {
			var e struct{ Guess string }
			require.NoError(t, json.Unmarshal([]byte(line), &e), line)
			told = append(told, e.Guess)
		}
		return len(told) == 8
	})
	for _, same := range [][2]int{{0, 1}, {4, 5}} {
		assert.Equal(t, told[same[0]], told[same[1]], told)
	}
	for _, i := range []int{0, 2, 4, 6} {
		assert.Regexp(t, "^[0-9a-f]{1,16}$", told[i], told)
	}
	assert.NotEqual(t, told[0], told[2], told)
	assert.NotEqual(t, told[4], told[6], told)
	assert.Empty(t, told[3]+told[7], told)
	assert.Empty(t, s.envoy.Access.Lines("a-guess"), "a secret is in the access log")
}

func TestLogLines(t *testing.T) {
	s := standard(t, plain)
	c := s.newCaller(t, client.HTTP1)
	c.fail(t, 3)
	c.get(t, "/api/v1/items?api_key=in-the-query", valid)
	client := "client=" + c.address
	within(t, 5*time.Second, "one warning per failure and refusal", func() bool {
		return len(s.envoy.Log.Lines("gatewarden:", client)) >= 4
	})
	lines := s.envoy.Log.Lines("gatewarden:", client)
	assert.Len(t, lines, 4)
	for _, line := range lines {
		assert.Contains(t, line, "[warning]")
		assert.Contains(t, line, "surface=rest")
		assert.Contains(t, line, "reason=")
	}
	assert.Len(t, s.envoy.Log.Lines("gatewarden:", client, "reason=locked_out"), 1)
	for _, secret := range []string{wrong[1], valid[1], "a-guess", "in-the-query"} {
		assert.Empty(t, s.envoy.Log.Lines("gatewarden:", secret), "a secret is in the log")
	}
}
