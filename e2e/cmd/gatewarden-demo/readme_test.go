package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// runElsewhere lists the commands of README that TestREADMEInAFreshClone does not run,
// each with the test that runs the same, or the file of CI that has the command.
var runElsewhere = map[string]struct {
	test func(*testing.T)
	ci   string
}{
	// These run until Ctrl-C, on the ports of envoy.yaml.
	"make run":                   {test: TestScreenIsTrue},
	"make run CONFIG=yours.json": {test: TestScreenIsTrueForExamples},
	"make run FLEET=1":           {test: TestScreenIsTrueForAFleet},
	// These take half a minute.
	"make demo":         {test: TestAttack},
	"make demo FLEET=1": {test: TestFleetAttack},
	// This writes README.
	"make tour": {test: TestPages},
	// These take minutes. The first one runs this test.
	"make test":                            {ci: ".ci/run"},
	"make test-manifests":                  {ci: ".ci/run"},
	"make test-envoy ENVOY_VERSION=1.36.4": {ci: ".ci/run"},
	"make check":                           {ci: ".github/workflows/ci.yml"},
}

// theirs replaces what a reader has and a clone does not.
var theirs = strings.NewReplacer("/etc/envoy/envoy.yaml", "cmd/gatewarden/internal/add/testdata/several.yaml")

// commandInText matches a command in an indented block, without its comment, or one of make
// in the text.
var commandInText = regexp.MustCompile("(?m)^    (\\S.*?)(?: +# .*)?$|`(make [^`]+)`")

// TestREADMEInAFreshClone runs the commands of README in a clone, in their order. Those in
// console blocks are left to TestPages.
func TestREADMEInAFreshClone(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	blocks := docs.Blocks(string(page))
	for _, b := range blocks {
		assert.Empty(t, b.Attributes["not-run"], "README.md:%d: nothing runs this block", b.Line)
	}
	assert.Equal(t, 2*len(blocks), strings.Count(string(page), "\n```"), "a block that does not say its language may hide commands")

	clone := freshClone(t, root)
	seen := make(map[string]bool)
	for _, m := range commandInText.FindAllStringSubmatch(docs.WithoutBlocks(string(page)), -1) {
		line := m[1] + m[2]
		if seen[line] {
			continue
		}
		seen[line] = true
		other, elsewhere := runElsewhere[line]
		if other.ci != "" {
			ci, err := os.ReadFile(filepath.Join(root, other.ci))
			require.NoError(t, err)
			assert.Contains(t, string(ci), line+"\n", "%s does not run it", other.ci)
		}
		if elsewhere {
			line += " --dry-run"
		}
		shell := exec.CommandContext(t.Context(), "bash", "-c", theirs.Replace(line))
		shell.Dir = clone
		// One compiler and one platform, which the build cache knows, are enough here.
		shell.Env = append(os.Environ(), "TOOLCHAIN=go", "PLATFORMS="+runtime.GOOS+"/"+runtime.GOARCH)
		out, err := shell.CombinedOutput()
		assert.NoError(t, err, "%s\n%s", line, out)
	}
	for line := range runElsewhere {
		assert.True(t, seen[line], "README does not have %q", line)
	}
	assert.Greater(t, len(seen), len(runElsewhere), "the test looks for the wrong thing")
}

// freshClone clones the repository with the changes that are not committed yet.
func freshClone(t *testing.T, root string) string {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "gatewarden")
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}
	commit := git("-C", root, "-c", "user.name=test", "-c", "user.email=test@example.com", "stash", "create")
	if commit == "" {
		commit = git("-C", root, "rev-parse", "HEAD")
	}
	git("clone", "--quiet", "--shared", "--no-checkout", root, clone)
	git("-C", clone, "checkout", "--quiet", "--detach", commit)
	return clone
}
