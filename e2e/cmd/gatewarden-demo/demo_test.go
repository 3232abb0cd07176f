package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/config"
)

func call(t *testing.T, args ...string) (code int, out, log string) {
	t.Helper()
	var o, l bytes.Buffer
	code = command(t.Context(), args, &o, &l)
	return code, o.String(), l.String()
}

func TestMisuse(t *testing.T) {
	for _, args := range [][]string{{}, {"walk"}, {"run", "-colour"}, {"run", "file.json"}, {"attack", "-config", "x"}} {
		code, _, log := call(t, args...)
		assert.Equal(t, 2, code, "%q", args)
		assert.Contains(t, log, "usage:", "%q", args)
	}
	code, out, _ := call(t, "run", "-h")
	assert.Zero(t, code)
	assert.Contains(t, out, "usage:")
}

// A repository in a temporary folder, without a filter.
func TestPlainWordsForWhatIsMissing(t *testing.T) {
	text, err := os.ReadFile("../../../envoy.yaml")
	require.NoError(t, err)
	dir := t.TempDir()
	t.Chdir(dir)
	code, _, log := call(t, "run")
	assert.Equal(t, 1, code)
	assert.Contains(t, log, "there is no envoy.yaml")

	require.NoError(t, os.WriteFile("envoy.yaml", text, 0o644))
	code, _, log = call(t, "attack")
	assert.Equal(t, 1, code)
	assert.Contains(t, log, `run "make build"`)

	require.NoError(t, os.Mkdir("build", 0o755))
	require.NoError(t, os.WriteFile(filepath.Join("build", "gatewarden.wasm"), nil, 0o644))
	require.NoError(t, os.WriteFile("broken.json", []byte(`{"surface": []}`), 0o644))
	code, _, log = call(t, "run", "-config", "broken.json")
	assert.Equal(t, 1, code)
	assert.Contains(t, log, "surface: is not a known key")
}

func TestPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	err = checkPort("Envoy", listener.Addr().String())
	require.ErrorContains(t, err, "and Envoy needs it")
	assert.ErrorContains(t, err, "change the port in envoy.yaml")
	if runtime.GOOS == "linux" {
		assert.ErrorContains(t, err, fmt.Sprintf("(process %d)", os.Getpid()))
	}
}

func TestFold(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"short", "short"},
		{"one two three four", "one two|three four"},
		{`{"a":1,"b":2,"c":3}`, `{"a":1,|"b":2,|"c":3}`},
		{"averylongword indeed", "averylongword|indeed"},
		{"averylongwordindeed", "averylongwordindeed"},
	} {
		assert.Equal(t, row.want, fold(row.text, "|", 11, []string{" ", ","}))
	}
	long := "curl -H 'Authorization: Bearer a-long-token' -w '%{http_code} ' http://127.0.0.1:10000/api/v1/items; echo"
	folded := foldCommand(long, "   ")
	for line := range strings.Lines(folded) {
		assert.LessOrEqual(t, len(line), width)
	}
}

func TestMarksOnlyAtATerminal(t *testing.T) {
	var out bytes.Buffer
	assert.Equal(t, style{}, styleOf(&out))
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	assert.Equal(t, style{}, styleOf(file))
	assert.Equal(t, "text", style{}.bold("text"))
	assert.Equal(t, "\x1b[31mtext\x1b[0m", style{on: true}.red("text"))
}

func TestScreen(t *testing.T) {
	parsed, err := config.Parse([]byte(`{
		"oauth": {"resource": "http://127.0.0.1:10000/mcp", "authorization_servers": ["http://127.0.0.1:10000"]}}`), nil)
	require.NoError(t, err)
	s := screen{public: "127.0.0.1:10000", service: "127.0.0.1:8080", admin: "127.0.0.1:9901", operations: "127.0.0.1:9902", token: "EXAMPLE", logs: "build/demo", config: parsed}
	var out bytes.Buffer
	s.print(&out)
	for _, part := range []string{
		"http://127.0.0.1:10000 ", "21 wrong tokens: 20 times 401, then 429 for the rest of the minute.",
		"http://127.0.0.1:9901 ", "http://127.0.0.1:9902 ", "its token, until Ctrl-C: EXAMPLE\n", "make run CONFIG=", "Ctrl-C stops",
	} {
		assert.Contains(t, out.String(), part)
	}
	assert.LessOrEqual(t, bytes.Count(out.Bytes(), []byte("\n")), 40, "it fits on one screen")
	for line := range strings.Lines(out.String()) {
		assert.LessOrEqual(t, len(line)-1, width, line)
	}

	// What the configuration does not do is not promised.
	s.config, err = config.Parse([]byte(`{"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}]}`), nil)
	require.NoError(t, err)
	out.Reset()
	s.print(&out)
	assert.NotContains(t, out.String(), "wrong tokens")
	assert.NotContains(t, out.String(), "well-known")
}
