package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/service"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// tokenTransport is that of a caller with the demo service's token.
type tokenTransport struct{}

func (tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+service.Token)
	return http.DefaultTransport.RoundTrip(r)
}

// The configuration of docs/quota-service.md runs in the demo, whose tenant spends what it
// has, and the ledger is where the screen says.
func TestQuotaServiceInTheDemo(t *testing.T) {
	page, err := os.ReadFile("../../../docs/quota-service.md")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "quota.json")
	for _, b := range docs.Blocks(string(page)) {
		if b.Language == "json" && strings.Contains(b.Text, "quota_service") {
			require.NoError(t, os.WriteFile(file, []byte(b.Text), 0o600))
		}
	}
	r := startRun(t, "-config", file)
	defer r.stop(t)
	agent := mcp.NewClient(&mcp.Implementation{Name: "demo", Version: "1.0.0"}, nil)
	session, err := agent.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: "http://127.0.0.1:" + r.ports[1] + "/mcp", HTTPClient: &http.Client{Transport: tokenTransport{}}, MaxRetries: -1,
	}, nil)
	require.NoError(t, err)
	defer session.Close()
	for range 3 {
		_, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 1, "b": 2}})
		require.NoError(t, err)
	}
	_, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 1, "b": 2}})
	assert.ErrorContains(t, err, "credits")
	_, err = session.CallTool(t.Context(), &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "free"}})
	assert.NoError(t, err)

	ledger := filepath.Join("build", "demo", "quota.db")
	assert.Contains(t, r.out.String(), "  "+ledger+" ")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, wait.Until(ctx, "the last call to be settled", func() (bool, error) {
		var out bytes.Buffer
		err := quotaservice.Query(ctx, filepath.Join(r.dir, ledger), &out, "SELECT tenant, subject, event, sum(credits) FROM ledger GROUP BY event")
		return strings.Join(strings.Fields(out.String()), " ") == "tenant subject event sum(credits) acme alice committed 90 acme alice reserved 90", err
	}))
}
