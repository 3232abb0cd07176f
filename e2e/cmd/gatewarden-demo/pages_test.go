package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/session"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// "make tour" sets it.
var refresh = flag.Bool("refresh", false, "write what the commands in the pages really show into the pages")

// playedElsewhere are the pages whose console blocks other tests run, but for those with a
// configuration.
var playedElsewhere = map[string]string{
	"docs/cli.md":           "cmd/gatewarden/internal/cli",
	"docs/explain.md":       "cmd/gatewarden/internal/cli",
	"docs/mcp.md":           "cmd/gatewarden/internal/cli",
	"docs/quota-service.md": "e2e/cmd/gatewarden-quota-service",
	"docs/simulate.md":      "cmd/gatewarden/internal/cli",
}

// TestPages runs the commands of all console blocks, in order, against "make run",
// and wants what stands below each. Attributes behind the opening fence say more:
//
//	config=FILE       the demo runs with this configuration; "above" is the JSON
//	                  block that comes before it on the page
//	not-run="reason"  the block is not run
//
// Blocks that follow each other on a page with the same configuration share a run.
func TestPages(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	pages, err := docs.Pages(root)
	require.NoError(t, err)
	for page := range playedElsewhere {
		assert.Contains(t, pages, page)
	}
	played := 0
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		if runs := runsOf(string(text), playedElsewhere[page] != ""); len(runs) > 0 {
			played++
			t.Run(page, func(t *testing.T) { playPage(t, root, page, string(text), runs) })
		}
	}
	assert.GreaterOrEqual(t, played, 2, "the test looks for the wrong thing")
}

// runsOf are the console blocks to play, those that share a run together.
func runsOf(text string, onlyConfigured bool) (runs [][]docs.Block) {
	for _, b := range docs.Blocks(text) {
		if b.Language != "console" || b.Attributes["not-run"] != "" || onlyConfigured && b.Attributes["config"] == "" {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1][0].Attributes["config"] == b.Attributes["config"] {
			runs[n-1] = append(runs[n-1], b)
			continue
		}
		runs = append(runs, []docs.Block{b})
	}
	return runs
}

// playPage plays the runs of a page and, if asked, writes it anew.
func playPage(t *testing.T, root, page, text string, runs [][]docs.Block) {
	shown := make(map[int]string) // by where the block stands
	for _, blocks := range runs {
		args := configOf(t, root, text, blocks[0])
		ok := t.Run(strings.Join(append([]string{"run"}, filepath.Base(blocks[0].Attributes["config"])), " "), func(t *testing.T) {
			p := newPlayer(t, root, args, blocks)
			for _, b := range blocks {
				shown[b.Start] = p.play(t, page, b)
			}
		})
		if !ok && *refresh {
			return // half a page would be worse than none
		}
	}
	if !*refresh {
		return
	}
	var out strings.Builder
	at := 0
	for _, b := range docs.Blocks(text) {
		if now, ok := shown[b.Start]; ok {
			out.WriteString(text[at:b.Start] + now)
			at = b.End
		}
	}
	out.WriteString(text[at:])
	require.NoError(t, os.WriteFile(filepath.Join(root, page), []byte(out.String()), 0o644))
}

// configOf are the arguments with which the demo runs for a block.
func configOf(t *testing.T, root, text string, b docs.Block) []string {
	t.Helper()
	switch config := b.Attributes["config"]; config {
	case "":
		return nil
	case "above":
		above := ""
		for _, other := range docs.Blocks(text[:b.Start]) {
			if other.Language == "json" {
				above = other.Text
			}
		}
		file := filepath.Join(t.TempDir(), "above.json")
		require.NoError(t, os.WriteFile(file, []byte(above), 0o600))
		return []string{"-config", file}
	default:
		return []string{"-config", filepath.Join(root, config)}
	}
}

// player runs commands as a reader of the page would.
type player struct {
	dir string
	// tools has the command line, if a command needs it.
	tools string
	// token is that of the operations endpoint, $TOKEN to commands.
	token string
	// there and back exchange the ports of envoy.yaml and those that are taken.
	there, back *strings.Replacer
}

var tokenOnScreen = regexp.MustCompile(`until Ctrl-C: (\w+)\n`)

// needsRun tells whether a block speaks with what "make run" has started.
func needsRun(b docs.Block) bool {
	return strings.Contains(b.Text, "127.0.0.1:") || strings.Contains(b.Text, "build/demo/")
}

func newPlayer(t *testing.T, root string, args []string, blocks []docs.Block) *player {
	t.Helper()
	p := &player{dir: root, tools: t.TempDir(), there: strings.NewReplacer(), back: strings.NewReplacer()}
	for _, b := range blocks {
		if strings.Contains(b.Text, "$ gatewarden ") || strings.Contains(b.Text, "$ build/gatewarden ") {
			buildCommandLine(t, root, p.tools)
			break
		}
	}
	for _, b := range blocks {
		if !needsRun(b) {
			continue
		}
		r := startRun(t, args...)
		t.Cleanup(func() { r.stop(t) })
		p.dir = r.dir
		p.token = tokenOnScreen.FindStringSubmatch(r.out.String())[1]
		var there, back []string
		for i := 0; i < len(r.ports); i += 2 {
			documented, taken := "127.0.0.1:"+r.ports[i], "127.0.0.1:"+r.ports[i+1]
			there, back = append(there, documented, taken), append(back, taken, documented)
		}
		p.there, p.back = strings.NewReplacer(there...), strings.NewReplacer(back...)
		break
	}
	// At a terminal, curl shows no progress when it prints.
	require.NoError(t, os.WriteFile(filepath.Join(p.tools, ".curlrc"), []byte("silent\nshow-error\n"), 0o600))
	if p.dir == root {
		return p
	}
	for _, folder := range []string{"examples", "docs", "config"} {
		require.NoError(t, os.Symlink(filepath.Join(root, folder), filepath.Join(p.dir, folder)))
	}
	command := filepath.Join(p.dir, "build", "gatewarden")
	require.NoError(t, os.Remove(command))
	require.NoError(t, os.Symlink(filepath.Join(p.tools, "gatewarden"), command))
	return p
}

// play runs a block and returns it with what its commands have written, where that
// is not what the page shows.
func (p *player) play(t *testing.T, page string, b docs.Block) string {
	t.Helper()
	steps, err := session.Parse(b.Text)
	require.NoError(t, err, "%s:%d", page, b.Line)
	for i := range steps {
		step := &steps[i]
		got := p.show(t, *step)
		if session.Matches(step.Output, got) {
			continue
		}
		if !*refresh {
			assert.Fail(t, "a page shows what is not so; \"make tour\" writes what is",
				"%s:%d\n$ %s\nshows\n%s\nbut it is\n%s", page, b.Line, step.Command, step.Output, got)
			continue
		}
		step.Output = withoutTrails(got)
	}
	return session.Format(steps)
}

// withoutTrails returns text without the invisible spaces at the ends of lines.
func withoutTrails(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimRight(line, " \r\n") + "\n")
	}
	return out.String()
}

// show runs a command. Metrics and logs lag behind, so a command that reads them is run
// again until it shows what it should, or for ten seconds.
func (p *player) show(t *testing.T, step session.Step) (got string) {
	t.Helper()
	limit := time.Duration(0)
	if strings.Contains(step.Command, "/stats") || strings.Contains(step.Command, "build/demo/") {
		limit = 10 * time.Second
	}
	until := time.Now().Add(limit)
	err := wait.Until(t.Context(), step.Command, func() (bool, error) {
		var err error
		got, err = p.run(t, step.Command)
		over := time.Now().After(until)
		if err != nil && !over {
			return false, nil // what it looks for is not there yet
		}
		return over || session.Matches(step.Output, got), err
	})
	require.NoError(t, err, got)
	return got
}

// run runs a command in a shell and returns what a terminal would show.
func (p *player) run(t *testing.T, command string) (string, error) {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "bash", "-c", p.there.Replace(command))
	shell.Dir = p.dir
	shell.Env = append(os.Environ(), "CURL_HOME="+p.tools, "TOKEN="+p.token, "PATH="+p.tools+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && strings.HasPrefix(strings.TrimPrefix(command, "build/"), "gatewarden ") {
		err = nil // its exit codes are findings
	}
	return p.back.Replace(string(out)), err
}

// buildCommandLine builds the command line into dir.
func buildCommandLine(t *testing.T, root, dir string) {
	t.Helper()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "gatewarden"), ".")
	build.Dir = filepath.Join(root, "cmd", "gatewarden")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
