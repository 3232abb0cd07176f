package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// program is a client in another language, or with the libraries of others.
type program struct {
	language string
	command  []string
}

// programs prepares the clients of clients/. It fails if something that they need is
// missing: a client that cannot run has not passed.
func programs(t *testing.T) []program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "client")
	out, err := exec.Command("go", "build", "-o", binary, "./clients/go").CombinedOutput()
	require.NoError(t, err, "%s", out)
	installed := filepath.Join(root, ".tools", "clients")
	python, node := filepath.Join(installed, "python", "bin", "python"), filepath.Join(installed, "node")
	const remedy = "run scripts/install-clients at the top of the repository"
	require.FileExists(t, python, remedy)
	require.DirExists(t, filepath.Join(node, "node_modules", "undici"), remedy)
	text, err := os.ReadFile("clients/node/client.js")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(node, "client.js"), text, 0o644))
	return []program{
		{"Go", []string{binary}},
		{"Python", []string{python, "clients/python/client.py"}},
		{"Node", []string{"node", filepath.Join(node, "client.js")}},
	}
}

// run returns what the program wrote. It has to be content with all it was told.
func (p program) run(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := append(append([]string(nil), p.command...), args...)
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s\n%s", strings.Join(command, " "), out)
	return string(out)
}

// TestClients: what the examples tell can be read with what people have.
func TestClients(t *testing.T) {
	keys := []string{service.APIKey, service.BobsKey, service.CarolsKey}
	for i, p := range programs(t) {
		for _, row := range []struct {
			example, path string
			limit         int
			headers       []string
		}{
			{tiers, "/api/v1/items", 60, []string{"X-Tenant-Id: " + p.language, "X-Tier: hobby", "Authorization: " + valid[1]}},
			{tiers, "/api/v1/status/402", 20, nil},
			{classes, "/api/v1/items", 50, nil},
			{byUser, "/api/v1/items", 512, nil},
			{byUser, "/api/v1/whoami/" + p.language, 512, []string{"X-Api-Key: " + keys[i]}},
			{byToken, "/api/v1/items", 60, nil},
		} {
			t.Run(p.language+"/"+row.example+row.path, func(t *testing.T) {
				s := standard(t, row.example)
				c := s.newCaller(t, client.HTTP1)
				seen := s.service.SeenPath(row.path)
				out := p.run(t, append([]string{"-from", c.address, c.base + row.path}, row.headers...)...)
				assert.Equal(t, seen+row.limit, s.service.SeenPath(row.path), out)
			})
		}
	}
}

// TestClientsComeBack: a library that obeys Retry-After comes once, and is served.
func TestClientsComeBack(t *testing.T) {
	for _, p := range programs(t) {
		t.Run(p.language, func(t *testing.T) {
			s := standard(t, tiersSoon)
			c := s.newCaller(t, client.HTTP1)
			seen := s.service.SeenPath("/api/v1/items")
			out := p.run(t, "-wait", "-from", c.address, c.base+"/api/v1/items", "X-Tenant-Id: soon "+p.language, "X-Tier: free", "Authorization: "+valid[1])
			assert.Equal(t, seen+21, s.service.SeenPath("/api/v1/items"), out)
		})
	}
}
