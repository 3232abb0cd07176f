package fleet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// TestPageHasPlaces: "make fleet" finds where its tables go, and they are there.
func TestPageHasPlaces(t *testing.T) {
	root, err := envoy.Repository()
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "fleet.md"))
	require.NoError(t, err)
	for _, name := range []string{"propagation", "faults", "load", "flood"} {
		empty, err := Section{Name: name}.Into(string(page))
		require.NoError(t, err)
		assert.Greater(t, len(page), len(empty)+100, "the page has no table of %s: run \"make fleet\"", name)
	}
}
