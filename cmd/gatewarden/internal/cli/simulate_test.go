package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// logFolder changes to a folder with the logs and the configuration that the
// examples have.
func logFolder(t *testing.T) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "examples", "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"access.log": string(log), "nginx.log": ofNginx, "access.log.1.gz": string(log), "gatewarden.json": `{}`,
		"broken.log": "{\n" + string(log), "short.log": strings.Repeat("{\n", 3) + "x\x1b[2J\n", "empty.log": "",
		"wrong.json": `{"surface": []}`,
		"two.yaml":   "static_resources: {}",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const ofNginx = `192.0.2.7 - - [22/Nov/2026:23:53:43 +0100] "GET /api/v1/items HTTP/1.1" 401 9 "-" "curl/7.88.1"` + "\n"

// Every example of --help runs.
func TestSimulateExamples(t *testing.T) {
	logFolder(t)
	n := 0
	for line := range strings.Lines(simulateExample) {
		command, is := strings.CutPrefix(strings.TrimSpace(line), "gatewarden ")
		if !is {
			continue
		}
		n++
		command, _, _ = strings.Cut(command, " > ")
		if code, out, log := run("", strings.Fields(command)...); code != 0 || out == "" || log != "" {
			t.Errorf("%s: exit %d, %s", command, code, log)
		}
	}
	if n != 6 {
		t.Errorf("%d examples", n)
	}
}

func TestSimulateMisuse(t *testing.T) {
	logFolder(t)
	for _, row := range []struct{ args, want string }{
		{"", "simulate needs an access log; write for example: gatewarden simulate access.log (or - for standard input)"},
		{"nowhere.log", "open nowhere.log: no such file or directory"},
		{"--format xml access.log", `--format "xml" is not known; write text, json or html`},
		{"--window 1h access.log", "--window is 1ms to 10m"},
		{"--top 0 access.log", "--top is 1 to 1000"},
		{"--trusted-hops -1 access.log", "--trusted-hops is 0 to 100"},
		{"--time-zone Berlin access.log", `--time-zone "Berlin" is not known; write for example UTC or Europe/Berlin`},
		{"--field ip access.log", `--field "ip" has no name behind an equals sign; write for example client=src_ip`},
		{"--try rest access.log", `--try "rest" cannot be read; write for example rest.failures=5,10,20`},
		{"--config wrong.json access.log", `wrong.json is refused by the filter: surface: `},
		{"--config two.yaml access.log", "two.yaml has no instance of Gatewarden that guards anything: name another file"},
		{"--env RATE_LIMIT_X_FAILURES=1 access.log", "environment RATE_LIMIT_X_FAILURES: names no surface"},
		{"empty.log", "empty.log: has no requests"},
		{"short.log", "4 of 4 lines cannot be read\n  short.log:1: it begins like JSON, and breaks off behind column 1\n"},
		{"broken.log --max-unreadable 0", "1 of 361 lines cannot be read"},
	} {
		code, out, log := run("", append([]string{"simulate"}, strings.Fields(row.args)...)...)
		if code != exitMisuse || out != "" || !strings.HasPrefix(log, "gatewarden: "+row.want) {
			t.Errorf("%s: exit %d, %q", row.args, code, log)
		}
	}
}

func TestSimulateReadsStandardInput(t *testing.T) {
	logFolder(t)
	text, err := os.ReadFile("access.log")
	if err != nil {
		t.Fatal(err)
	}
	code, out, _ := run(string(text), "simulate", "--env", "RATE_LIMIT_REST_FAILURES=61", "-")
	if code != 0 || !strings.Contains(out, "Lockouts  1, of 1 client") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestSimulateComparesConfigurations(t *testing.T) {
	logFolder(t)
	if err := os.WriteFile("strict.json", []byte(`{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 2}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := run("", "simulate", "--format", "json", "-c", "gatewarden.json", "-c", "strict.json", "--try", "rest.window=1m,5m", "access.log")
	var f struct {
		Variants []struct {
			Name     string
			Failures int
		}
	}
	if err := json.Unmarshal([]byte(out), &f); err != nil || code != 0 {
		t.Fatalf("exit %d, %v", code, err)
	}
	var names []string
	for _, v := range f.Variants {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, "|"); got != "gatewarden.json rest.window=1m|gatewarden.json rest.window=5m|strict.json rest.window=1m|strict.json rest.window=5m" {
		t.Error(got)
	}
	if f.Variants[3].Failures != 4 {
		t.Errorf("%+v", f.Variants)
	}
}

// interrupting is a log that is read until Ctrl-C.
type interrupting struct {
	text  *strings.Reader
	never chan struct{}
}

func (i *interrupting) Read(b []byte) (int, error) {
	if i.text.Len() > 0 {
		return i.text.Read(b)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		return 0, err
	}
	<-i.never
	return 0, io.EOF
}

func TestSimulateInterrupted(t *testing.T) {
	logFolder(t)
	text, err := os.ReadFile("access.log")
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	in := &interrupting{strings.NewReader(string(text)), make(chan struct{})}
	defer close(in.never)
	code := Run([]string{"simulate", "-"}, in, &out, &log)
	if code != exitFound || !strings.HasPrefix(out.String(), "Interrupted: this is what was read until then.\n") || log.Len() > 0 {
		t.Errorf("exit %d\n%s%s", code, out.String(), log.String())
	}
}

func TestProgressLine(t *testing.T) {
	for _, row := range []struct {
		lines      int
		read, size int64
		want       string
	}{
		{5000, 250, 1000, " 25 %, 5000 lines, 1000 a second, 15s left"},
		{5000, 1000, 1000, "100 %, 5000 lines, 1000 a second, 0s left"},
		{5000, 250, 0, "5000 lines, 1000 a second"},
	} {
		if got := progressLine(row.lines, row.read, row.size, 5*time.Second); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
