package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/fleetplan"
)

// The guesses that get through by the number of proxies are on the page as they are
// simulated now. What the service has to do takes minutes to simulate.
func TestPageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("../../../docs/fleet.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), begins)
	assert.Contains(t, string(page), fleetplan.Spread(spread(fleetplan.Default())),
		"go run ./cmd/gatewarden-fleet-plan -out ../docs/fleet.md")
}

func TestTablesAreWritten(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("before\n"+begins+"old\n"+ends+"after\n"), 0o600))
	require.NoError(t, write(page, "new\n"))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, "before\n"+begins+"\nnew\n\n"+ends+"after\n", string(text))
	require.NoError(t, os.WriteFile(page, []byte(begins), 0o600))
	assert.ErrorContains(t, write(page, "new\n"), "has no place")
}

func TestOneFleet(t *testing.T) {
	require.NoError(t, run(strings.Fields("-one -proxies 3 -requests 0 -addresses 10")))
	assert.Error(t, run(strings.Fields("-one -proxies 0")))
	assert.Error(t, run([]string{"-nothing"}))
}
