package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	freeport "github.com/gatewarden/gatewarden/e2e/internal/port"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// A place is where the demo runs in a test.
type place struct {
	// dir has what the demo needs of the repository.
	dir string
	// ports are those of envoy.yaml, each followed by the one that is taken here.
	ports []string
}

// freePlace makes a folder that has what the demo needs of the repository, with an
// envoy.yaml whose ports are free, and changes into it.
func freePlace(t *testing.T) place {
	t.Helper()
	var ports []string
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	wasm := os.Getenv("GATEWARDEN_WASM")
	if wasm == "" {
		wasm = filepath.Join(root, "build", "gatewarden.wasm")
	}
	require.FileExists(t, wasm, `run "make build" at the top of the repository`)
	text, err := os.ReadFile(filepath.Join(root, "envoy.yaml"))
	require.NoError(t, err)
	for _, usual := range []string{"10000", "9901", "9902", "8080"} {
		listener, err := freeport.Hold()
		require.NoError(t, err)
		defer listener.Close() // all are held until all are known
		_, free, err := net.SplitHostPort(listener.Addr().String())
		require.NoError(t, err)
		text = bytes.ReplaceAll(text, []byte("port_value: "+usual), []byte("port_value: "+free))
		ports = append(ports, usual, free)
	}
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, ".tools"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(root, ".tools"), filepath.Join(dir, ".tools")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "build"), 0o755))
	require.NoError(t, os.Symlink(wasm, filepath.Join(dir, "build", "gatewarden.wasm")))
	// Only a fleet takes the command line.
	require.NoError(t, os.Symlink(filepath.Join(root, "build", "gatewarden"), filepath.Join(dir, "build", "gatewarden")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "envoy.yaml"), text, 0o644))
	t.Chdir(dir)
	return place{dir: dir, ports: ports}
}

// buffer is a bytes.Buffer for two goroutines.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// running is a demo that was started by "run".
type running struct {
	place
	out, log  buffer
	interrupt context.CancelFunc
	code      chan int
}

// screenEnds matches the last line of a screen.
var screenEnds = regexp.MustCompile(`make demo( FLEET=1)?\n\n`)

// startRun starts the demo and waits for its screen.
func startRun(t *testing.T, args ...string) *running {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the commands are curl's, and curl is not here")
	}
	r := &running{place: freePlace(t), code: make(chan int, 1)}
	ctx, interrupt := context.WithCancel(t.Context())
	r.interrupt = interrupt
	go func() { r.code <- command(ctx, append([]string{"run"}, args...), &r.out, &r.log) }()
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // Envoy may have to be downloaded
	defer cancel()
	require.NoError(t, wait.Until(deadline, "the screen", func() (bool, error) {
		select {
		case c := <-r.code:
			return false, fmt.Errorf("it ended with %d: %s", c, r.log.String())
		default:
			return screenEnds.MatchString(r.out.String()), nil
		}
	}))
	return r
}

// stop ends it as Ctrl-C does.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.interrupt()
	assert.Zero(t, <-r.code, r.log.String())
	assert.True(t, strings.HasSuffix(r.out.String(), "Stopped.\n"))
}

// screenAnswers runs the demo and what its screen shows, and returns the answers.
func screenAnswers(t *testing.T, args ...string) []string {
	t.Helper()
	r := startRun(t, args...)
	defer r.stop(t)
	t.Log(r.out.String())
	return r.answers(t)
}

// answers runs what the screen shows. A function that it defines is there for all that follow.
func (r *running) answers(t *testing.T) (answers []string) {
	t.Helper()
	functions := ""
	for _, text := range strings.Split(strings.ReplaceAll(r.out.String(), "\\\n", ""), "\n") {
		switch shell := strings.TrimSpace(text); {
		case strings.Contains(shell, "() {"):
			functions += shell + "; "
		case strings.HasPrefix(shell, "curl -"), strings.HasPrefix(shell, "for "), strings.HasPrefix(shell, "both "):
			shell = functions + shell
			answer, err := exec.CommandContext(t.Context(), "sh", "-c", shell).Output()
			require.NoError(t, err, shell)
			answers = append(answers, string(answer))
		}
	}
	return answers
}

// The commands on the screen of "run" do what the screen says they do.
func TestScreenIsTrue(t *testing.T) {
	answers := screenAnswers(t)
	require.Len(t, answers, 3)
	assert.Regexp(t, `^HTTP/1.1 200 `, answers[0])
	assert.Equal(t, strings.Repeat("401 ", 20)+"429 \n", answers[1])
	assert.Regexp(t, regexp.MustCompile(`(?s)^HTTP/1.1 429 .*\nretry-after: (60|5\d)\r\n`), answers[2])
}

// The commands for the examples do so, too: first what is left, then all of it, then
// another caller and, in some examples, an address.
func TestScreenIsTrueForExamples(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	for _, row := range []struct {
		example string
		served  int
		left    []string // after the first request, for somebody else, for an address
	}{
		{"tiers", 19, []string{`"plan";r=19`, `"plan";r=19`, `"plan";r=19`}},
		{"classes", 4999, []string{`"class";r=4999`, `"class";r=4999`, `"class";r=49`}},
		{"by-user", 511, []string{`"endpoint";r=511`, `"endpoint";r=511`, `"endpoint";r=511`}},
		{"by-token", 60, []string{`"each-token";r=59`, `"each-token";r=58`}},
	} {
		t.Run(row.example, func(t *testing.T) {
			answers := screenAnswers(t, "-config", filepath.Join(root, "examples", row.example+".json"))
			require.Len(t, answers, 2+len(row.left))
			served := fmt.Sprintf(`^ *%d 200\n *1 429\n$`, row.served)
			assert.Regexp(t, served, answers[1])
			assert.Regexp(t, `(?s)^HTTP/1.1 429 .*\nretry-after: \d+\r\n`, answers[2])
			for i, answer := range append(answers[:1:1], answers[3:]...) {
				assert.Regexp(t, `(?s)^HTTP/1.1 200 .*\nratelimit: `+row.left[i]+`;`, answer)
			}
		})
	}
}

func TestAttack(t *testing.T) {
	freePlace(t)
	var out, log buffer
	code := command(t.Context(), []string{"attack"}, &out, &log)
	require.Zero(t, code, "%s\n%s", out.String(), log.String())
	t.Log(out.String())
	guesses := strings.TrimSpace(strings.Repeat("401 ", 10))
	assert.Contains(t, out.String(), guesses+"\n   "+guesses+"\n")
	assert.Regexp(t, `Seconds left:\n  ( \d+)+: 200, 15\.\d\d seconds`, out.String())
	assert.Contains(t, out.String(), "Verdict: Of 21 wrong tokens for the REST API, 20 reached the service.")
	for line := range strings.Lines(out.String()) {
		if !strings.Contains(line, "https://iana.org/") { // which cannot be divided
			assert.LessOrEqual(t, len(line)-1, width, line)
		}
	}
}

// So do those for the MCP server.
func TestScreenIsTrueForTools(t *testing.T) {
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	answers := screenAnswers(t, "-config", filepath.Join(root, "examples", "mcp.json"))
	require.Len(t, answers, 4)
	assert.Regexp(t, `(?s)^HTTP/1.1 403 .*"reason":"tier_denied","tier":"pro"`, answers[0])
	assert.Regexp(t, `(?s)^HTTP/1.1 200 .*\nratelimit: "plan";r=299;t=\d+, "credits";r=1960;t=\d+\r\n`, answers[1])
	assert.Regexp(t, `^ *20 200\n *1 429\n$`, answers[2])
	assert.Regexp(t, `(?s)^HTTP/1.1 429 .*\nretry-after: \d+\r\n`, answers[3])
}
