package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinksLead(t *testing.T) {
	for _, file := range append(files(t, "*/README.md"), "README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)[)#]`).FindAllStringSubmatch(string(text), -1) {
			assert.FileExists(t, filepath.Join(filepath.Dir(file), m[1]), file)
		}
	}
}

// Every file of a folder is one that its guide speaks of.
func TestGuidesNameEveryManifest(t *testing.T) {
	for _, folder := range []string{"istio", "envoy-gateway"} {
		guide, err := os.ReadFile(filepath.Join(folder, "README.md"))
		require.NoError(t, err)
		for _, file := range files(t, folder+"/*.yaml") {
			assert.True(t, strings.Contains(string(guide), "]("+filepath.Base(file)+")"), file)
		}
	}
}
