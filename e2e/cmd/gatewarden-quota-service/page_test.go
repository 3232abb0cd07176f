package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/session"
	"github.com/gatewarden/gatewarden/internal/docs"
)

const program = "build/gatewarden-quota-service"

// started matches the line of the page that starts the service.
var started = regexp.MustCompile(`(?m)^    QUOTA_SERVICE_TOKEN=(\S+) ` + program + ` (.*)$`)

// TestPage does what docs/quota-service.md shows.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/quota-service.md")
	require.NoError(t, err)
	page := string(text)
	assert.Contains(t, page, "\n    (cd e2e && go build -o ../"+program+" ./cmd/gatewarden-quota-service)\n")
	dir := t.TempDir()
	build(t, filepath.Join(dir, program))
	t.Chdir(dir)

	line := started.FindStringSubmatch(page)
	require.NotNil(t, line, "the page does not start the service")
	t.Setenv(tokenVariable, line[1])
	url := startService(t, append(strings.Fields(line[2]), "-listen", "127.0.0.1:0")...)
	there := strings.NewReplacer("http://127.0.0.1:8090/v1", url)

	commands := 0
	for _, b := range docs.Blocks(page) {
		if b.Language != "console" || b.Attributes["config"] != "" {
			continue // the demo plays those with a configuration
		}
		steps, err := session.Parse(b.Text)
		require.NoError(t, err)
		for _, step := range steps {
			shell := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(there.Replace(step.Command), "curl ", "curl -sS "))
			got, err := shell.CombinedOutput()
			require.NoError(t, err, "%s", got)
			assert.True(t, session.Matches(step.Output, string(got)), "docs/quota-service.md:%d\n$ %s\nshows\n%s\nbut it is\n%s", b.Line, step.Command, step.Output, got)
			commands++
		}
	}
	assert.GreaterOrEqual(t, commands, 5, "the test looks for the wrong thing")
}

// build builds the command.
func build(t *testing.T, file string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
}
