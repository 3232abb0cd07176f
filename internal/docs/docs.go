// Package docs reads the repository's Markdown pages, for the tests that hold them
// to what is so.
package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
)

// Environment has the variables that configurations in pages and examples take secrets from.
var Environment = []string{"FLEET_SECRET=the documentation's, which is no secret"}

// Block is what stands between two fences.
type Block struct {
	// Language is the first word behind the opening fence.
	Language string
	// Attributes are what follows it there: name=value or name="some words".
	// GitHub does not show them.
	Attributes map[string]string
	// Text is what stands between the fences, page[Start:End].
	Text       string
	Start, End int
	// Line is the number of the opening fence's line.
	Line int
}

var (
	fenced    = regexp.MustCompile("(?ms)^```([a-z]+)([^\n]*)\n(.*?)^```$")
	attribute = regexp.MustCompile(`([a-z-]+)=(?:"([^"]*)"|(\S+))`)
)

// Blocks are the fenced blocks of a page that say their language.
func Blocks(page string) []Block {
	var found []Block
	for _, m := range fenced.FindAllStringSubmatchIndex(page, -1) {
		b := Block{
			Language: page[m[2]:m[3]], Attributes: make(map[string]string),
			Text: page[m[6]:m[7]], Start: m[6], End: m[7],
			Line: 1 + strings.Count(page[:m[0]], "\n"),
		}
		for _, a := range attribute.FindAllStringSubmatch(page[m[4]:m[5]], -1) {
			b.Attributes[a[1]] = a[2] + a[3]
		}
		found = append(found, b)
	}
	return found
}

// WithoutBlocks is the page with nothing between its fences.
func WithoutBlocks(page string) string { return fenced.ReplaceAllString(page, "") }

var (
	heading = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// Anchors are what a link can lead to behind # on a page, as GitHub names them.
// Of two headings alike, only the first can be named.
func Anchors(page string) map[string]bool {
	anchors := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(WithoutBlocks(page), -1) {
		name := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), "")
		anchors[strings.ReplaceAll(name, " ", "-")] = true
	}
	return anchors
}

// Pages are the Markdown files of the repository at root, by paths from there.
func Pages(root string) ([]string, error) {
	var pages []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "build" || name == "node_modules") {
			return filepath.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(name, ".md") {
			rel, err := filepath.Rel(root, path)
			pages = append(pages, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	return pages, err
}
