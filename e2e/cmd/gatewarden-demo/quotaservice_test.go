package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

func TestQuotaServiceBesideTheDemo(t *testing.T) {
	load := func(text string) (*envoy.Bootstrap, *config.QuotaService) {
		b, err := envoy.Load("../../../envoy.yaml")
		require.NoError(t, err)
		c, err := config.Parse([]byte(text), quotaToken(b, text))
		require.NoError(t, err)
		return b, c.QuotaService
	}
	dir := t.TempDir()
	const asks = `{"mcp": {"other_tools": {"scopes": []}}, "quota_service": {"endpoint": {"cluster": "%s", "url": "http://quota.example.com/v1", "token_env": "QUOTA"}}}`
	for _, text := range []string{`{}`, fmt.Sprintf(asks, "service")} {
		b, c := load(text)
		q, err := startQuotaService(b, c, dir)
		require.NoError(t, err)
		assert.Nil(t, q, text)
		assert.Empty(t, q.places())
		q.close()
	}

	for range 2 { // the ledger of the run before is gone
		b, c := load(fmt.Sprintf(asks, "quota"))
		q, err := startQuotaService(b, c, dir)
		require.NoError(t, err)
		address, err := b.Endpoint("quota")
		require.NoError(t, err)
		vm := b.Plugin["vm_config"].(envoy.Object)
		token := vm["environment_variables"].(envoy.Object)["key_values"].(envoy.Object)["QUOTA"].(string)
		assert.Equal(t, c.Token, token)

		body := `{"credits":100,"lifetime_seconds":60,"payer":{"tenant":"acme","subject":"ann"},"surface":"mcp","calls":[{"tool":"draw","credits":100}]}`
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+address+"/v1/reservations/"+strings.Repeat("a", 32), strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, 200, response.StatusCode)
		q.close()

		assert.Contains(t, q.places()[0][0], filepath.Join("build", "demo", "quota.db"))
		var out bytes.Buffer
		require.NoError(t, quotaservice.Query(t.Context(), filepath.Join(dir, "quota.db"), &out, "SELECT count(*) FROM ledger"))
		assert.Equal(t, "count(*)\n1\n", out.String())
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "quota.db")))
}
