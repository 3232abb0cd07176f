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
)

func pageFile() string { return filepath.Join(tests.Root, "docs", "frameworks.md") }

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
	text := "\n| Framework | Reads a login as | A wrong password | The right one | A session that is over " +
		"| Thirty of those at once, `\"count\"` | The same, `\"once\"` | The same wrong password thirty times, `\"once\"` |\n|---|---|---|---|---|---|---|---|\n"
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
	b = f.browserFrom(t, b.address)
	dead := f.race(t, b.address, f.over(t, b), 1)[0]
	var spellings []string
	for _, as := range f.spellings {
		spellings = append(spellings, as.name)
	}
	return fmt.Sprintf("| [%s](#%s), %s | %s | %s | %s | %s | %s | %s | %s |\n",
		f.title, strings.ReplaceAll(strings.ToLower(f.title), " ", "-"), tests.Programs[f.program].Version,
		strings.Join(spellings, ", "), describe(b, wrong), describe(b, right), describe(b, dead),
		f.counting().afterThirty(t), f.afterThirty(t), f.afterRetyping(t))
}

// afterThirty says what became of a client with thirty requests with a dead session.
func (f framework) afterThirty(t *testing.T) string {
	t.Helper()
	b := f.newBrowser(t)
	f.race(t, b.address, f.over(t, b), 30)
	if f.signsInAgain(t, b.address) == 429 {
		return "lock the client out"
	}
	return "count " + times(f.sessionsCounted(t, b.address))
}

// afterRetyping says what became of a client with the same wrong password, sent by one
// browser and by many.
func (f framework) afterRetyping(t *testing.T) string {
	t.Helper()
	b := f.newBrowser(t)
	f.retype(t, b, f.spellings[0])
	said := "counts " + times(f.passwordsCounted(t, b.address))
	if n := f.fromBrowsers(t); n == int(f.surfaces(t)[0].Lockout.Failures) {
		said += "; from thirty browsers, locks the client out"
	}
	return said
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprint(n, " times")
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
