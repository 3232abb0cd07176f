package docs

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

const page = "# Title\n\n```console config=a.json not-run=\"needs a cluster\"\n$ one\n# no heading\n```\n\n## `a.b[]` and *c*, d/e\n\n```json\n{}\n```\n"

func TestBlocks(t *testing.T) {
	blocks := Blocks(page)
	want := []Block{
		{Language: "console", Attributes: map[string]string{"config": "a.json", "not-run": "needs a cluster"},
			Text: "$ one\n# no heading\n", Start: 60, End: 79, Line: 3},
		{Language: "json", Attributes: map[string]string{}, Text: "{}\n", Start: 117, End: 120, Line: 10},
	}
	if !reflect.DeepEqual(blocks, want) {
		t.Errorf("got %+v", blocks)
	}
	for _, b := range blocks {
		if page[b.Start:b.End] != b.Text {
			t.Errorf("%q stands where %q should", page[b.Start:b.End], b.Text)
		}
	}
}

func TestAnchors(t *testing.T) {
	want := map[string]bool{"title": true, "ab-and-c-de": true}
	if got := Anchors(page); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"a.md", "docs/b.md", "docs/c.txt", ".hidden/d.md", "build/e.md"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Pages(dir)
	if want := []string{"a.md", "docs/b.md"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
