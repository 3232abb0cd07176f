package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every file of a folder is one that its guide speaks of.
func TestGuidesNameEveryManifest(t *testing.T) {
	for _, folder := range []string{"istio", "envoy-gateway", "fleet"} {
		guide, err := os.ReadFile(filepath.Join(folder, "README.md"))
		require.NoError(t, err)
		for _, file := range files(t, folder+"/*.yaml") {
			assert.True(t, strings.Contains(string(guide), "]("+filepath.Base(file)+")"), file)
		}
	}
}
