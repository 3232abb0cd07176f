package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/internal/docs"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/operations"
	"github.com/gatewarden/gatewarden/table"
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

// everything is a configuration in which each room has something to count.
const everything = `{
	"audit": {},
	"identity": [
		{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect", "client_id": "g", "client_secret_env": "SECRET"}, "roles": "roles", "scopes": "scope"},
		{"source": "accepted", "for": "1m"}],
	"fleet": {"cluster": "ratelimit", "secret": "0123456789abcdef0123456789abcdef"},
	"bypass": {"roles": ["owner"]},
	"quotas": [{"name": "q", "per": ["client"], "limit": 1, "window": "1m"}],
	"concurrency": [{"name": "c", "per": "all", "limit": 1}],
	"scopes": {"operations": [{"prefix": "/a", "scopes": ["read"]}]},
	"mcp": {"tools": [{"name": "search", "risk": "READ_ONLY"}]},
	"surfaces": [{"name": "m", "kind": "mcp", "match": [{"prefix": "/m"}]},
		{"name": "a", "kind": "api", "match": [{"prefix": "/a"}], "require": true, "lockout": {
		"repeats": "once", "known_good": {"for": "1h"}, "wide": {"failures": 200}, "stuffing": {"credentials": 2}, "spraying": {"clients": 2},
		"keys": [{"per": ["account"], "failures": 2}]}}]}`

// definedMetrics returns the metrics of the filter and of an operations endpoint, each
// with its labels.
func definedMetrics(t *testing.T) (names []string) {
	t.Helper()
	host := fakehost.New()
	admin := `{"admin": {"tokens": [{"id": "ann", "sha256": "` + strings.Repeat("0123456789abcdef", 4) + `"}]}}`
	budget := `{"mcp": {"other_tools": {"scopes": [], "cost": 1}},
		"quota_service": {"endpoint": {"cluster": "quota", "url": "https://quota.example.com", "token": "x"}},
		"quotas": [{"name": "b", "unit": "credits", "per": ["client"], "limit": 1, "window": "1m"}]}`
	for _, text := range []string{everything, admin, budget} {
		c, err := config.Parse([]byte(text), []string{"SECRET=x"})
		if err != nil {
			t.Fatal(err)
		}
		if c.Admin != nil {
			operations.New(c, host, table.Seed{}, "")
		} else {
			filter.New(c, host, table.Seed{})
		}
	}
	for _, name := range host.Names {
		_, name, _ = strings.Cut(name, " ") // its kind is before it
		names = append(names, name)
	}
	return names
}

// Every metric and label that the filter defines is in docs/metrics.md, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	documented := map[string][]string{} // what is said of each: labels, and values of labels
	for _, row := range tableRows(t, "docs/metrics.md", "") {
		var said []string
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(strings.Join(row[1:], " "), -1) {
			said = append(said, m[1])
		}
		documented[strings.Trim(row[0], "`")] = said
	}
	known := map[string]bool{}
	for _, metric := range definedMetrics(t) {
		name, labels, _ := strings.Cut(metric, ".")
		said, found := documented[name]
		if known[name] = true; !found {
			t.Errorf("docs/metrics.md does not have %s", name)
		}
		pairs := strings.Split(labels, ".")
		for i := 0; i+1 < len(pairs); i += 2 {
			if label, value := pairs[i], pairs[i+1]; !slices.Contains(said, label) {
				t.Errorf("docs/metrics.md does not say that %s has the label %s", name, label)
			} else if label != "surface" && label != "rule" && label != "tool" && !slices.Contains(said, value) {
				t.Errorf("docs/metrics.md does not say that %s has %s=%s", name, label, value)
			}
		}
	}
	for name := range documented {
		if !known[name] {
			t.Errorf("docs/metrics.md has %s, which the filter does not define", name)
		}
	}
	if len(known) < 25 {
		t.Errorf("only %d metrics are defined: the test looks for the wrong thing", len(known))
	}
}

// Every reason for a refusal is in docs/metrics.md.
func TestReasonsAreDocumented(t *testing.T) {
	doc := read(t, "docs/metrics.md")
	reasons := regexp.MustCompile(`(?m)^\t\w+ +Reason = "(\w+)"$`).FindAllStringSubmatch(read(t, "filter/refusal/refusal.go"), -1)
	for _, m := range reasons {
		if !strings.Contains(doc, "`gatewarden_"+m[1]+"`") {
			t.Errorf("docs/metrics.md does not have the reason %s", m[1])
		}
	}
	if len(reasons) < 8 {
		t.Errorf("only %d reasons found: the test looks for the wrong thing", len(reasons))
	}
}

// logLine is where a kind of log line is written.
var logLine = regexp.MustCompile(`(?:NewLine|About|reportRefusal)\("([a-z ]+)"|Warn\("gatewarden: ([a-z ]+?)(?: \w+=)?"`)

// Every kind of log line is in docs/metrics.md, and no other.
func TestLogLinesAreDocumented(t *testing.T) {
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^gatewarden: ([a-z ]+?)(?: \w+=.*| \{.*)?$`).FindAllStringSubmatch(read(t, "docs/metrics.md"), -1) {
		shown[m[1]] = false
	}
	for _, dir := range filterSide(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range logLine.FindAllStringSubmatch(read(t, file), -1) {
				if _, found := shown[m[1]+m[2]]; !found {
					t.Errorf("%s writes %q, docs/metrics.md does not show it", file, m[1]+m[2])
				}
				shown[m[1]+m[2]] = true
			}
		}
	}
	for line, written := range shown {
		if !written {
			t.Errorf("docs/metrics.md shows %q, which nothing writes", line)
		}
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

// TestTestedVersions holds the versions of Envoy that are tested to what README says, and
// to what CI runs.
func TestTestedVersions(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "README.md"), "\n## Envoy versions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var versions []envoyversion.Version
	tested, _, _ := strings.Cut(section, "(`make test-envoy")
	for _, text := range regexp.MustCompile(`\d+\.\d+\.\d+`).FindAllString(tested, -1) {
		v, _ := envoyversion.Parse(text)
		versions = append(versions, v)
	}
	if len(versions) < 2 || versions[0] != envoyversion.Newest || versions[1] != envoyversion.Oldest {
		t.Fatalf("README names %v", versions)
	}
	for _, v := range versions {
		if v.Before(envoyversion.Oldest) || envoyversion.Newest.Before(v) {
			t.Errorf("%s is not within %s to %s", v, envoyversion.Oldest, envoyversion.Newest)
		}
	}
	for file, want := range map[string]string{
		".ci/run":           "make test-envoy ENVOY_VERSION=" + envoyversion.Oldest.String() + "\n",
		"docs/operating.md": "tested with Envoy " + envoyversion.Oldest.String() + " to " + envoyversion.Newest.String(),
		"docs/metrics.md":   "tested with Envoy " + envoyversion.Oldest.String() + " to " + envoyversion.Newest.String(),
	} {
		if !strings.Contains(read(t, file), want) {
			t.Errorf("%s does not say %q", file, want)
		}
	}
}
