package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// layers reads the layers of CONTRIBUTING.md, the lowest first: the layer of each
// package, by its folder, and their names.
func layers(t *testing.T) (layerOf map[string]int, names []string) {
	t.Helper()
	layerOf = map[string]int{}
	for _, block := range docs.Blocks(read(t, "CONTRIBUTING.md")) {
		if block.Language != "layers" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(block.Text), "\n")
		slices.Reverse(lines)
		for i, line := range lines {
			fields := strings.Fields(line)
			names = append(names, fields[0])
			for _, dir := range fields[1:] {
				layerOf[dir] = i
			}
		}
	}
	if len(names) < 5 || len(layerOf) < 20 {
		t.Fatalf("%d layers with %d packages: the test looks for the wrong thing", len(names), len(layerOf))
	}
	return layerOf, names
}

// TestLayers holds each import in the filter to the layers: it points to a lower one.
func TestLayers(t *testing.T) {
	layerOf, names := layers(t)
	arrows, seen := map[[2]string]bool{}, map[string]bool{}
	each(t, func(t *testing.T, dir, name string, f *ast.File) {
		seen[dir] = true
		from, placed := layerOf[dir]
		if !placed {
			t.Errorf("%s has no layer in CONTRIBUTING.md", dir)
			return
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			layer, placed := layerOf[to]
			if !placed || layer >= from {
				t.Errorf("%s (%s) imports %s, which is not on a layer below", name, names[from], to)
			}
			arrows[[2]string{dir, to}] = true
		}
	})
	for dir := range layerOf {
		if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) == 0 {
			t.Errorf("CONTRIBUTING.md has a layer for %s, where there is no code", dir)
		}
	}
	t.Logf("%d packages on %d layers, %d arrows", len(seen), len(names), len(arrows))
}

// TestContributingNamesWhatIsThere looks for each file and folder that CONTRIBUTING.md
// names.
func TestContributingNamesWhatIsThere(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	seen := 0
	for _, m := range regexp.MustCompile("`((?:[a-z0-9_]+/)*[A-Za-z0-9_.]+)`").FindAllStringSubmatch(text, -1) {
		if !strings.ContainsAny(m[1], "/") && !strings.HasSuffix(m[1], ".go") && !strings.HasSuffix(m[1], ".md") {
			continue
		}
		seen++
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("CONTRIBUTING.md names %s: %v", m[1], err)
		}
	}
	questions := strings.Count(text[strings.Index(text, "## Where is it decided"):strings.Index(text, "## Adding a rule")], "\n| ")
	if seen < 40 || questions < 12+1 { // and the table's head
		t.Errorf("%d names, %d questions: the test looks for the wrong thing", seen, questions-1)
	}
}
