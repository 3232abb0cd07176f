package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// blocks returns the fenced blocks of a language in a Markdown file.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	var found []string
	for _, b := range docs.Blocks(read(t, file)) {
		if b.Language == language {
			found = append(found, b.Text)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no %s block: the test looks for the wrong thing", file, language)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The filter entry in README is that of envoy.yaml, shortened: each of its lines
// stands there, in this order.
func TestFilterEntryInREADMEIsThatOfEnvoyYAML(t *testing.T) {
	lines := trimmed(read(t, "envoy.yaml"))
	at := 0
	for _, want := range trimmed(blocks(t, "README.md", "yaml")[0]) {
		for at < len(lines) && lines[at] != want {
			at++
		}
		if at == len(lines) {
			t.Fatalf("envoy.yaml has no line %q after those before it", want)
		}
	}
}

func trimmed(text string) []string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// Every metric, reason and kind of log line that the filter knows is in
// docs/metrics.md, and nothing else.
func TestMetricsAreDocumented(t *testing.T) {
	doc := read(t, "docs/metrics.md")
	known := map[string]bool{}
	for _, file := range []string{"filter/metrics.go", "filter/audit.go", "filter/reply.go", "filter/stream.go", "filter/stream_body.go", "filter/spend.go",
		"operations/endpoint.go", "operations/change.go"} {
		source := read(t, file)
		for _, pattern := range []string{`"(gatewarden_\w+)"`, `Reason\w+ +Reason = "(\w+)"`, `gatewarden: ([a-z ]+?)(?: surface=)?"`, `f\.line\("([a-z ]+)"`, `"([a-z ]*refusal)"`} {
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(source, -1) {
				known[m[1]] = true
				if !strings.Contains(doc, m[1]) {
					t.Errorf("%s has %q, docs/metrics.md does not", file, m[1])
				}
			}
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(gatewarden_\\w+)`").FindAllStringSubmatch(doc, -1) {
		if !known[m[1]] {
			t.Errorf("docs/metrics.md has %q, the filter does not", m[1])
		}
	}
	if len(known) < 15 {
		t.Errorf("only %d names found: the test looks for the wrong thing", len(known))
	}
}

// A heading of RATIONALE.md that code points to must be there.
func TestRationaleHasWhatTheCodePointsTo(t *testing.T) {
	rationale := read(t, "RATIONALE.md")
	seen := 0
	err := filepath.WalkDir(".", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || file == "docs_test.go" {
			return err
		}
		text := regexp.MustCompile(`\n\s*// ?`).ReplaceAllString(read(t, file), " ")
		for _, m := range regexp.MustCompile(`RATIONALE\.md,\s+"([^"]+)"`).FindAllStringSubmatch(text, -1) {
			seen++
			if !strings.Contains(rationale, "\n### "+m[1]+"\n") {
				t.Errorf("%s points to %q, which RATIONALE.md does not have", file, m[1])
			}
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("%d pointers found (%v): the test looks for the wrong thing", seen, err)
	}
}
