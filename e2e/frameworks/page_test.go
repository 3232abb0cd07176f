package frameworks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/internal/docs"
)

func pageFile() string { return filepath.Join(root, "docs", "frameworks.md") }

// configurations are those of the page, by framework.
var configurations = sync.OnceValues(func() (map[string]string, error) {
	page, err := os.ReadFile(pageFile())
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, b := range docs.Blocks(string(page)) {
		if id := b.Attributes["for"]; id != "" {
			found[id] = b.Text
		}
	}
	return found, nil
})

const (
	tableBegins = "<!-- This table is written by \"make frameworks\". -->\n"
	tableEnds   = "\n<!-- It ends here. -->\n"
)

// TestPageIsCurrent: the table says what the frameworks answer.
func TestPageIsCurrent(t *testing.T) {
	text, err := os.ReadFile(pageFile())
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(text), tableBegins)
	got, after, ends := strings.Cut(rest, tableEnds)
	require.True(t, begins && ends, "the page has no place for the table")
	want := table(t)
	if *write {
		page := before + tableBegins + want + tableEnds + after
		require.NoError(t, os.WriteFile(pageFile(), []byte(page), 0o644))
		return
	}
	assert.Equal(t, want, got, "run \"make frameworks\"")
}

func table(t *testing.T) string {
	t.Helper()
	rows, lock := map[string]string{}, sync.Mutex{}
	t.Run("rows", func(t *testing.T) {
		each(t, func(t *testing.T, f framework) {
			text := f.row(t)
			lock.Lock()
			defer lock.Unlock()
			rows[f.id] = text
		})
	})
	text := "\n| Framework | Reads a login as | A wrong password | The right one | A session that is over | Thirty of those at once |\n|---|---|---|---|---|---|\n"
	for _, f := range frameworks {
		text += rows[f.id]
	}
	return text
}

// row is what the framework answers.
func (f framework) row(t *testing.T) string {
	t.Helper()
	b := f.newBrowser(t)
	wrong := f.attempt(t, b, f.account, guess(0))
	b = f.browserFrom(t, b.address)
	right := f.attempt(t, b, f.account, password)
	f.right.is(t, b, right, "right password")
	dead := f.race(t, b, 1)[0]
	f.race(t, b, 29)
	var spellings []string
	for _, as := range f.spellings {
		spellings = append(spellings, as.name)
	}
	return fmt.Sprintf("| [%s](#%s), %s | %s | %s | %s | %s | %s |\n",
		f.title, strings.ReplaceAll(strings.ToLower(f.title), " ", "-"), programs[f.program].Version,
		strings.Join(spellings, ", "), describe(b, wrong), describe(b, right), describe(b, dead), f.afterwards(t, b))
}

// afterwards says what became of the client whose requests those were.
func (f framework) afterwards(t *testing.T, b *browser) string {
	t.Helper()
	if f.whoIsSignedIn(t, b) == 429 {
		return "lock the client out"
	}
	return "lock nobody out"
}

// describe says of a response what a condition could tell it by.
func describe(b *browser, r reply) string {
	said := fmt.Sprint(r.status)
	if location := strings.TrimPrefix(r.header.Get("Location"), b.base); location != "" {
		return said + " to `" + location + "`"
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	switch {
	case kind == "application/json" && r.status >= 400:
		return said + ", `" + strings.TrimSpace(r.body) + "`"
	case kind == "application/json":
		return said + ", JSON"
	case kind == "text/html":
		return said + ", a page"
	}
	return said
}
