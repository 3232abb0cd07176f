package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// run runs the command line with a standard input.
func run(in string, args ...string) (code int, out, log string) {
	var outBuffer, logBuffer bytes.Buffer
	code = Run(args, strings.NewReader(in), &outBuffer, &logBuffer)
	return code, outBuffer.String(), logBuffer.String()
}

const (
	fine      = `{"log": {"per_second": 5}}`
	wrong     = `{"log": {"per_second": 0}}`
	dangerous = `{"client": {"ipv6_prefix": 128}}`
)

// folder is an empty one with these files, which becomes the working directory.
func folder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCodes: how each invocation ends, and a part of what it writes, on the standard
// output for 0, 1 and 3, and in one line beside it for 2.
func TestCodes(t *testing.T) {
	folder(t, map[string]string{
		"fine.json": fine, "wrong.json": wrong, "dangerous.json": dangerous, "empty.yaml": "kind: Service",
	})
	for _, row := range []struct {
		args string
		in   string
		code int
		want string
	}{
		{"", "", 0, "gatewarden COMMAND\n"},
		{"--help", "", 0, "gatewarden check envoy.yaml"},
		{"help check", "", 0, "Exit codes:"},
		{"version", "", 0, "tested with Envoy " + testedEnvoy},
		{"--version", "", 0, "tested with Envoy " + testedEnvoy},
		{"check fine.json", "", 0, "1 file checked, 1 instance: nothing found"},
		{"check -", fine, 0, "1 file checked, 1 instance: nothing found"},
		{"check fine.json fine.json", "", 0, "2 files checked, 2 instances: nothing found"},
		{"check wrong.json", "", 1, "wrong.json:1: error: log.per_second: "},
		{"check -", wrong, 1, "standard input:1: error: "},
		{"check dangerous.json", "", 3, "1 file checked, 1 instance: 1 warning"},
		{"check --allow-warnings dangerous.json", "", 0, "1 file checked, 1 instance: 1 warning"},
		{"check --allow-warnings wrong.json dangerous.json", "", 1, "2 files checked, 2 instances: 1 error, 1 warning"},
		{"check fine.json empty.yaml", "", 0, "empty.yaml: no instance of Gatewarden is in it"},
		{"check fine.json --env RATE_LIMIT_REST_FAILURES=3", "", 0, "nothing found"},
		{"check fine.json --env RATE_LIMIT_REST_FAILURES=x", "", 1, "environment RATE_LIMIT_REST_FAILURES: "},
		{"check --format json dangerous.json", "", 3, `"rule": "configuration-dangerous"`},
		{"check --format json fine.json", "", 0, `"findings": []`},
		{"check --format github wrong.json", "", 1, "::error file=wrong.json,line=1,title=gatewarden configuration-refused::log.per_second: "},
		{"check fine.json --envoy 1.36.4", "", 0, "nothing found"},
		{"check fine.json --envoy istio-1.27", "", 3, "version: Envoy 1.35 of Istio 1.27 is older than 1.36.4, the oldest that Gatewarden is tested with"},
		{"check - --envoy 1.34", `{"allow_on_headers_stop_iteration": true}`, 1, "allow_on_headers_stop_iteration: Envoy 1.34 does not know it, which is new in 1.35"},
		{"check fine.json --envoy none", "", 2, "--envoy none: write a version such as 1.36.4, istio-1.28, envoy-gateway-1.6, or the path of an Envoy"},
		{"check fine.json --envoy istio-1.0", "", 2, `--envoy istio-1.0: no Envoy is known here of Istio "1.0"`},
		{"check", "", 2, `check needs a file: name one, or "-" for the standard input`},
		{"check none.json", "", 2, "gatewarden: none.json cannot be read: no such file or directory"},
		{"check empty.yaml", "", 2, "no instance of Gatewarden is in what was given"},
		{"check fine.json --format xml", "", 2, "--format xml is not known: write text, json or github"},
		{"check fine.json --env NAME", "", 2, "--env NAME: write NAME=value"},
		{"check --formt", "", 2, `see "gatewarden check --help"`},
		{"chekc fine.json", "", 2, `"chekc" is not a command: did you mean "check"?`},
		{"frobnicate", "", 2, `"frobnicate" is not a command: see "gatewarden --help"`},
		{"version 1", "", 2, `unknown command "1"`},
	} {
		code, out, log := run(row.in, strings.Fields(row.args)...)
		text := out
		if row.code == exitMisuse {
			text = log
			if out != "" || strings.Count(log, "\n") != 1 {
				t.Errorf("%q: misuse takes one line, and not on the standard output: %q and %q", row.args, out, log)
			}
		} else if log != "" {
			t.Errorf("%q writes %q", row.args, log)
		}
		if code != row.code || !strings.Contains(text, row.want) {
			t.Errorf("%q: got %d and %q, want %d and %q", row.args, code, text, row.code, row.want)
		}
	}
}

// TestHelp: every command says what it is for in a line, in a paragraph and by
// examples, and fits on a screen.
func TestHelp(t *testing.T) {
	for _, cmd := range documented(newRoot()) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 80 {
			t.Errorf("%s: the line is %q", cmd.CommandPath(), cmd.Short)
		}
		if len(cmd.Long) <= len(cmd.Short) || cmd.Example == "" {
			t.Errorf("%s lacks its paragraph or its examples", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 80 {
				t.Errorf("%s: longer than 80: %q", cmd.CommandPath(), line)
			}
		}
	}
}

// TestExamples runs the examples of the commands that need nothing but files.
func TestExamples(t *testing.T) {
	envoy, err := os.ReadFile("../../../../envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder(t, map[string]string{"gatewarden.json": fine, "envoy.yaml": string(envoy)})
	root := newRoot()
	for _, cmd := range []*cobra.Command{newCheck(), newVersion()} {
		for _, line := range strings.Split(cmd.Example, "\n") {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			line, in, _ := strings.Cut(line, " < ")
			if in != "" {
				text, err := os.ReadFile(in)
				if err != nil {
					t.Fatal(err)
				}
				in = string(text)
			}
			words := strings.Fields(line)
			if code, out, log := run(in, words[1:]...); words[0] != root.Name() || code != exitFine {
				t.Errorf("%s: %d %s%s", line, code, out, log)
			}
		}
	}
}

// TestPage plays the commands of docs/cli.md in the repository, and wants what stands
// below each.
func TestPage(t *testing.T) {
	t.Chdir("../../../..")
	text, err := os.ReadFile("docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, block := range docs.Blocks(string(text)) {
		if block.Language != "console" {
			continue
		}
		for _, step := range strings.Split("\n"+block.Text, "\n$ gatewarden ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			arguments, in, _ := strings.Cut(command, " <<< ")
			_, got, log := run(strings.Trim(in, "'"), strings.Fields(arguments)...)
			if played++; strings.TrimSpace(got+log) != strings.TrimSpace(want) {
				t.Errorf("docs/cli.md:%d: gatewarden %s shows\n%s", block.Line, command, got+log)
			}
		}
	}
	if played == 0 {
		t.Error("no command found: the test looks for the wrong thing")
	}
}

// TestCompletion: the shell is offered commands, files and values.
func TestCompletion(t *testing.T) {
	for _, row := range []struct{ args, want string }{
		{"ch", "check\tSay what"},
		{"check ", "json\nyaml\nyml\n:8\n"}, // 8 is cobra's "files with these endings"
		{"check --format ", "text\njson\ngithub\n:4\n"},
	} {
		_, out, _ := run("", append([]string{"__complete"}, strings.Split(row.args, " ")...)...)
		if !strings.HasPrefix(out, row.want) {
			t.Errorf("%q: got %q", row.args, out)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if code, out, _ := run("", "completion", shell); code != exitFine || !strings.Contains(out, "gatewarden") {
			t.Errorf("%s: %d %q", shell, code, out)
		}
	}
}

func TestDescribe(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	tested := ", tested with Envoy " + testedEnvoy
	for _, row := range []struct {
		build *debug.BuildInfo
		want  string
	}{
		{nil, "gatewarden (unknown)" + tested},
		{&debug.BuildInfo{GoVersion: "go1.25", Main: debug.Module{Version: "v1.2.3"}}, "gatewarden v1.2.3, built by go1.25" + tested},
		{&debug.BuildInfo{GoVersion: "go1.25", Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{
			setting("vcs.revision", "0123456789abcdef"), setting("vcs.modified", "true")}},
			"gatewarden (devel) 0123456789ab (changed), built by go1.25" + tested},
	} {
		if got := describe(row.build); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
	readme, err := os.ReadFile(filepath.Join("../../../..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`Tested with Envoy ` + regexp.QuoteMeta(testedEnvoy) + `\.`).Match(readme) {
		t.Errorf("README does not say that it was tested with Envoy %s", testedEnvoy)
	}
}
