package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// TestDocumentedKeys: docs/configuration.md lists all keys, and no others, in
// headings or in the first columns of tables.
func TestDocumentedKeys(t *testing.T) {
	known, documented := map[string]bool{}, map[string]int{}
	for _, key := range Keys() {
		known[key] = true
	}
	for _, heading := range regexp.MustCompile("(?m)^## `(.*)`$").FindAllStringSubmatch(readDocs(t), -1) {
		documented[heading[1]]++
	}
	for key := range documentedFields(t) {
		documented[key]++
	}
	for key := range documented {
		if !known[key] {
			t.Errorf("%s is documented, but no key", key)
		}
	}
	var missing []string
	for key := range known {
		if documented[key] == 0 {
			missing = append(missing, key)
		}
	}
	sort.Strings(missing)
	if len(missing) > 0 {
		t.Errorf("not documented: %v", missing)
	}
}

// TestDocumentedDefaults: the defaults in the docs are those of the parser and of
// the schema. Fields marked as required are required, those marked with none are
// optional.
func TestDocumentedDefaults(t *testing.T) {
	schema := readSchema(t)
	for key, cell := range documentedFields(t) {
		inSchema := schema[key]
		if inSchema == nil {
			t.Errorf("%s is not in the schema", key)
			continue
		}
		text, isJSON := strings.CutPrefix(cell, "`")
		switch {
		case isJSON:
			var value any
			mustUnmarshal(t, strings.TrimSuffix(text, "`"), &value)
			checkDefault(t, "api", key, value)
			if !reflect.DeepEqual(value, inSchema.Default) {
				t.Errorf("%s is %v by default in the docs, %v in the schema", key, value, inSchema.Default)
			}
			continue
		case cell == "required":
			checkRequired(t, key)
		case cell == "by kind":
			if kindDefaults(t)["api"][key] == nil {
				t.Errorf("%s has no default by kind", key)
			}
		case cell != "none":
			t.Errorf("%s: the default %q is neither JSON nor required, none or by kind", key, cell)
		}
		if inSchema.Default != nil {
			t.Errorf("%s is %v by default in the schema, %s in the docs", key, inSchema.Default, cell)
		}
	}
}

func checkRequired(t *testing.T, key string) {
	t.Helper()
	root := edited(t, "api", key, nil)
	_, err := Parse([]byte(marshal(t, root)), nil)
	path := strings.ReplaceAll(key, "[]", "[0]")
	if err == nil || !strings.Contains(err.Error(), path+": is missing") {
		t.Errorf("without %s: got %v", key, err)
	}
}

// TestDocumentedKinds compares the table of the defaults by kind.
func TestDocumentedKinds(t *testing.T) {
	want := kindDefaults(t)
	row := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `(\\d+)` \\| `(\"\\w+\")` \\| `(\\[[\\d, ]+\\])` \\| `(\\[.+\\])` \\|$")
	rows := row.FindAllStringSubmatch(readDocs(t), -1)
	if len(rows) != len(want) {
		t.Errorf("the docs have %d kinds, want %d", len(rows), len(want))
	}
	for _, cells := range rows {
		for i, field := range []string{"failures", "window", "statuses", "account_fields"} {
			var value any
			mustUnmarshal(t, cells[i+2], &value)
			key := "surfaces[].lockout." + field
			checkDefault(t, cells[1], key, value)
			if !reflect.DeepEqual(value, want[cells[1]][key]) {
				t.Errorf("%s of %s is %v in the docs, %v in the schema", key, cells[1], value, want[cells[1]][key])
			}
		}
	}
}

// TestDocumentedConfigurations: every JSON block is a complete configuration
// without violations and warnings. Those that show defaults change nothing.
func TestDocumentedConfigurations(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readDocs(t), -1)
	defaults := 0
	for _, block := range blocks {
		c, err := Parse([]byte(block[1]), docs.Environment)
		if err != nil {
			t.Fatalf("%s\n%v", block[1], err)
		}
		if w := c.Warnings(); len(w) > 0 {
			t.Errorf("%s\nwarns: %v", block[1], w)
		}
		if reflect.DeepEqual(c, mustParse(t, "")) {
			defaults++
		}
	}
	if len(blocks) < 5 || defaults != 2 {
		t.Errorf("%d configurations, %d of them the default; want those of exempt and surfaces", len(blocks), defaults)
	}
}

// TestDocumentedError: the parser reports the error that the introduction shows.
func TestDocumentedError(t *testing.T) {
	_, err := Parse([]byte(`{"exempt": [], "surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}]},
		{"name": "b", "kind": "api", "match": [{"path": "/b"}]},
		{"name": "c", "kind": "api", "match": [{"path": "/c"}], "lockout": {"window": "5x"}}]}`), nil)
	if err == nil || !strings.Contains(readDocs(t), "```text\n"+err.Error()+"\n```") {
		t.Errorf("not in the docs: %v", err)
	}
}

// documentedFields returns the default column by field.
func documentedFields(t *testing.T) map[string]string {
	t.Helper()
	fields := map[string]string{}
	code := regexp.MustCompile("`([^`]+)`")
	inTable := false
	for _, line := range strings.Split(readDocs(t), "\n") {
		cells := strings.Split(line, " | ")
		switch {
		case strings.HasPrefix(line, "| Field | Default |"):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "|-"):
			for _, key := range code.FindAllStringSubmatch(cells[0], -1) {
				if _, twice := fields[key[1]]; twice {
					t.Errorf("%s is documented twice", key[1])
				}
				fields[key[1]] = cells[1]
			}
		}
	}
	if len(fields) < 30 {
		t.Fatalf("found only %d fields in the docs", len(fields))
	}
	return fields
}

// TestFilesAreListed: the package comment lists every file, and no other.
func TestFilesAreListed(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"doc.go": true}
	for _, line := range regexp.MustCompile(`(?m)^//\s+(\w+\.go)  +\w`).FindAllStringSubmatch(string(text), -1) {
		listed[line[1]] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") && !listed[file] {
			t.Errorf("%s is not listed in doc.go", file)
		}
		delete(listed, file)
	}
	for file := range listed {
		t.Errorf("doc.go lists %s, which does not exist", file)
	}
}

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
