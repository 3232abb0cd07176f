package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// eachPage calls check with every Markdown page of the repository.
func eachPage(t *testing.T, check func(t *testing.T, page, text string)) {
	t.Helper()
	pages, err := docs.Pages(".")
	if err != nil || len(pages) < 10 {
		t.Fatalf("pages found: %v (%v)", pages, err)
	}
	for _, page := range pages {
		check(t, page, read(t, page))
	}
}

// A JSON block is a configuration of the filter, which loads without a warning, or
// says by of="…" what else it is.
func TestJSONInPages(t *testing.T) {
	seen := 0
	eachPage(t, func(t *testing.T, page, text string) {
		for _, b := range docs.Blocks(text) {
			if b.Language != "json" {
				continue
			}
			seen++
			if !json.Valid([]byte(b.Text)) {
				t.Errorf("%s:%d: this is no JSON:\n%s", page, b.Line, b.Text)
			}
			if b.Attributes["of"] != "" || page == "docs/gauntlet.md" || page == "docs/configuration.md" {
				continue // the last two have tests of their own
			}
			c, err := config.Parse([]byte(b.Text), docs.Environment)
			if err != nil {
				t.Errorf("%s:%d: %v", page, b.Line, err)
			} else if warnings := c.Warnings(); len(warnings) > 0 {
				t.Errorf("%s:%d: %v", page, b.Line, warnings)
			}
		}
	})
	if seen < 10 {
		t.Errorf("only %d blocks found: the test looks for the wrong thing", seen)
	}
}

// A YAML block is a part of Envoy's configuration, of which in="…" says where it
// belongs, so that it can be tried there, or says by of="…" what else it is.
func TestYAMLInPagesSaysWhatItIs(t *testing.T) {
	eachPage(t, func(t *testing.T, page, text string) {
		for _, b := range docs.Blocks(text) {
			if b.Language == "yaml" && (b.Attributes["in"] == "") == (b.Attributes["of"] == "") {
				t.Errorf("%s:%d: say by in=… where in Envoy's configuration this belongs, or by of=\"…\" what else it is", page, b.Line)
			}
		}
	})
}

// Commands are in console blocks, which are run.
func TestNoCommandEscapesItsTest(t *testing.T) {
	eachPage(t, func(t *testing.T, page, text string) {
		for _, b := range docs.Blocks(text) {
			switch b.Language {
			case "sh", "bash", "shell":
				t.Errorf("%s:%d: write a console block, which is run and compared", page, b.Line)
			}
		}
	})
}

func TestTargetsInPagesExist(t *testing.T) {
	makefile := read(t, "Makefile")
	seen := 0
	target := regexp.MustCompile("(?m)(?:^    |`)make ([a-z]+)")
	eachPage(t, func(t *testing.T, page, text string) {
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			seen++
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s speaks of \"make %s\", which the Makefile does not have", page, m[1])
			}
		}
	})
	if seen < 10 {
		t.Errorf("only %d targets found in the pages", seen)
	}
}

// Links within the repository lead to files that are there, and to headings in them.
func TestLinksInPagesLead(t *testing.T) {
	seen := 0
	link := regexp.MustCompile(`\]\(([^) :]*)\)`)
	eachPage(t, func(t *testing.T, page, text string) {
		for _, m := range link.FindAllStringSubmatch(docs.WithoutBlocks(text), -1) {
			seen++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			} else if anchor != "" && strings.HasSuffix(target, ".md") && !docs.Anchors(read(t, target))[anchor] {
				t.Errorf("%s links to %s, and %s has no such heading", page, m[1], target)
			}
		}
	})
	if seen < 50 {
		t.Errorf("only %d links found: the test looks for the wrong thing", seen)
	}
}

// A test that a page names is there.
func TestTestsInPagesExist(t *testing.T) {
	known := make(map[string]bool)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(read(t, file), -1) {
			known[m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	name := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`")
	for _, page := range []string{"docs/operating.md", "docs/security.md"} {
		for _, m := range name.FindAllStringSubmatch(read(t, page), -1) {
			seen++
			if !known[m[1]] {
				t.Errorf("%s names %s, which is no test", page, m[1])
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d names found: the test looks for the wrong thing", seen)
	}
}

// tableRows are the rows of the tables below a heading, each by its cells; all tables
// of the page if the heading is "".
func tableRows(t *testing.T, page, heading string) (rows [][]string) {
	t.Helper()
	text := read(t, page)
	if heading != "" {
		_, below, found := strings.Cut(text, "\n"+heading+"\n")
		if !found {
			t.Fatalf("%s has no %q", page, heading)
		}
		text, _, _ = strings.Cut(below, "\n## ")
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "|---") ||
			i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|-") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no rows below %q", page, heading)
	}
	return rows
}

// Every claim has its source, every threat its test or its attack, and every event what
// showed it.
func TestClaimsHaveSources(t *testing.T) {
	link := regexp.MustCompile(`\]\((https://[^)]+|(gauntlet|benchmarks)\.md#[^)]+)\)`)
	for _, row := range tableRows(t, "docs/comparison.md", "") {
		if source := row[len(row)-1]; !link.MatchString(source) {
			t.Errorf("docs/comparison.md: %q has no source", row[0])
		}
	}
	shown := regexp.MustCompile("`(Test|Fuzz)|gauntlet\\.md#")
	for _, row := range tableRows(t, "docs/security.md", "## Threats") {
		if len(row) < 3 || !shown.MatchString(row[2]) {
			t.Errorf("docs/security.md: nothing shows %q", row[0])
		}
	}
	for _, row := range tableRows(t, "docs/operating.md", "## What survives what") {
		if len(row) < 2 || !shown.MatchString(row[len(row)-1]) && !strings.Contains(row[1], "not tried") {
			t.Errorf("docs/operating.md: nothing shows %q", row[0])
		}
	}
}

// The lines that docs/security.md calls hardening are in envoy.yaml.
func TestHardeningIsInEnvoyYAML(t *testing.T) {
	example := read(t, "envoy.yaml")
	for _, row := range tableRows(t, "docs/security.md", "## Hardening Envoy") {
		if line := strings.Trim(row[0], "`"); !strings.Contains(example, line) {
			t.Errorf("docs/security.md wants %q, envoy.yaml does not have it", line)
		}
	}
}

// What points to a heading of a page from elsewhere, such as alerts, finds it.
func TestPointersToPagesLead(t *testing.T) {
	pointer := regexp.MustCompile(`docs/([a-z]+\.md)#([a-z0-9-]+)`)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || file == "build") {
				return filepath.SkipDir
			}
			return err
		}
		switch filepath.Ext(file) {
		case ".yaml", ".json", ".go", ".html":
		default:
			return nil
		}
		for _, m := range pointer.FindAllStringSubmatch(read(t, file), -1) {
			if !docs.Anchors(read(t, "docs/"+m[1]))[m[2]] {
				t.Errorf("%s points to docs/%s#%s, which has no such heading", file, m[1], m[2])
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Names of metrics in the pages are those of the filter.
func TestMetricsInPagesExist(t *testing.T) {
	known := read(t, "docs/metrics.md")
	for _, page := range []string{"README.md", "docs/operating.md", "docs/security.md", "examples/README.md"} {
		for _, m := range regexp.MustCompile(`gatewarden_[a-z_]+[a-z]`).FindAllString(read(t, page), -1) {
			if !strings.Contains(known, m) {
				t.Errorf("%s speaks of %s, docs/metrics.md does not", page, m)
			}
		}
	}
}
