package mcpclients

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// versions are those of the lock files and of go.mod, by package; "mcp 1" is the version 1
// of the Python SDK.
func versions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	find := func(file, pattern, as string) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		m := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
		require.NotNil(t, m, "%s: %s", file, as)
		all[as] = m[1]
	}
	find("../go.mod", `(?m)^\tgithub.com/modelcontextprotocol/go-sdk v(\S+)$`, "github.com/modelcontextprotocol/go-sdk")
	find("python/requirements.txt", `(?m)^mcp==(.*)$`, "mcp")
	find("python1/requirements.txt", `(?m)^mcp==(.*)$`, "mcp 1")
	text, err := os.ReadFile("node/package.json")
	require.NoError(t, err)
	var node struct{ Dependencies map[string]string }
	require.NoError(t, json.Unmarshal(text, &node))
	for name, version := range node.Dependencies {
		all[name] = version
	}
	return all
}
