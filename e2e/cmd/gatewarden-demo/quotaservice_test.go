package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

func TestQuotaServiceBesideTheDemo(t *testing.T) {
	load := func(config string) *envoy.Bootstrap {
		b, err := envoy.Load("../../../envoy.yaml")
		require.NoError(t, err)
		b.SetPluginConfig(config)
		return b
	}
	dir := t.TempDir()
	for _, config := range []string{`{}`, `{"quota_service": {"endpoint": {"cluster": "service", "token_env": "QUOTA"}}}`} {
		q, err := startQuotaService(load(config), dir)
		require.NoError(t, err)
		assert.Nil(t, q, config)
		assert.Empty(t, q.places())
		q.close()
	}

	config := `{"quota_service": {"endpoint": {"cluster": "quota", "token_env": "QUOTA"}}}`
	for range 2 { // the ledger of the run before is gone
		b := load(config)
		q, err := startQuotaService(b, dir)
		require.NoError(t, err)
		address, err := b.Endpoint("quota")
		require.NoError(t, err)
		vm := b.Plugin["vm_config"].(envoy.Object)
		token := vm["environment_variables"].(envoy.Object)["key_values"].(envoy.Object)["QUOTA"].(string)

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
