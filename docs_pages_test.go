package main

import (
	"encoding/json"
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
			c, err := config.Parse([]byte(b.Text), nil)
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
