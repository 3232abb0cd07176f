package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// TestREADMEsSession runs the commands of README's console block, in order, and
// wants what stands below each: it may leave lines out, and seconds may differ.
func TestREADMEsSession(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the commands in README are curl's, which is not installed")
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```console\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, block, "README has a console block")
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	require.NoError(t, err)
	config, err := bootstrap.PluginConfig()
	require.NoError(t, err)
	playSession(t, block[1], start(t, config).address)
}

// TestGuideToExamples does the same with the console blocks of the guide, each on
// the example that it stands below.
func TestGuideToExamples(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the commands in the guide are curl's, which is not installed")
	}
	text, err := os.ReadFile(filepath.Join(root, "examples", "README.md"))
	require.NoError(t, err)
	s := start(t, "", func(s *stage) error {
		return errors.Join(s.addExample(tiers, tiers, nil), s.addExample(classes, classes, nil),
			s.addExample(byUser, byUser, nil), s.addExample(byToken, byToken, nil))
	})
	blocks := regexp.MustCompile("(?s)## ([a-z-]+).json\n[^#]*?```console\n(.*?)```").FindAllSubmatch(text, -1)
	require.Len(t, blocks, 4)
	for _, block := range blocks {
		address, err := s.envoy.ListenerAddress(t.Context(), string(block[1]))
		require.NoError(t, err)
		playSession(t, block[2], address)
	}
}

// playSession runs the commands in a console block against address.
func playSession(t *testing.T, block []byte, address string) {
	t.Helper()
	session := strings.Split(strings.TrimPrefix(string(block), "$ "), "\n$ ")
	require.NotEmpty(t, session)
	for _, entry := range session {
		command, want, _ := strings.Cut(entry, "\n")
		run := exec.Command("bash", "-c", strings.ReplaceAll(command, "http://127.0.0.1:10000", "http://"+address))
		out, err := run.Output()
		require.NoError(t, err, command)
		got := lines(string(out))
		for _, line := range lines(want) {
			at := index(got, line)
			if !assert.GreaterOrEqual(t, at, 0, "%s\nshows no line %q behind those before it, but\n%s", command, line, out) {
				break
			}
			got = got[at+1:]
		}
	}
}

var anySeconds = regexp.MustCompile(`(retry-after: |x-ratelimit-reset: |;t=|again in )\d+`)

// lines are the lines of an output that say something, without its seconds.
func lines(text string) []string {
	var found []string
	for line := range strings.Lines(anySeconds.ReplaceAllString(text, "${1}N")) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}

func index(list []string, s string) int {
	for i, item := range list {
		if item == s {
			return i
		}
	}
	return -1
}
