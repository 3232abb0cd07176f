package protocols

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pageFile() string { return filepath.Join(tests.Root, "docs", "frameworks.md") }

// named are those that speak the protocols. Everything else that is installed is only
// there because they need it.
var named = []string{
	"connectrpc.com/connect", "@connectrpc/connect-node", "@connectrpc/connect-web", "grpc-web",
	"pyspnego", "requests_ntlm", "pypsrp", "github.com/Azure/go-ntlmssp",
	"http-auth", "requests", "httpx", "github.com/icholy/digest",
}

// TestPageHasTheVersions: the table says what is installed.
func TestPageHasTheVersions(t *testing.T) {
	page, err := os.ReadFile(pageFile())
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## Protocols\n")
	require.True(t, found)
	pinned := versions(t)
	for _, name := range named {
		require.NotEmpty(t, pinned[name], name)
		said := regexp.MustCompile(`(?:^|[ ,;|])`+regexp.QuoteMeta(name)+` ([0-9][0-9.]*[0-9])`).FindAllStringSubmatch(section, -1)
		assert.NotEmpty(t, said, name)
		for _, m := range said {
			assert.Equal(t, pinned[name], m[1], name)
		}
	}
}

// versions are those of the lock files and of go.mod, by package.
func versions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	collect := func(file, pattern string) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = m[2]
		}
	}
	collect("python/requirements.txt", `(?m)^(.*)==(.*)$`)
	collect("../go.mod", `(?m)^\t(\S+) v(\S+)$`)
	text, err := os.ReadFile("node/package.json")
	require.NoError(t, err)
	var node struct{ Dependencies map[string]string }
	require.NoError(t, json.Unmarshal(text, &node))
	for name, version := range node.Dependencies {
		all[name] = version
	}
	return all
}
