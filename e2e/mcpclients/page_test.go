package mcpclients

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pageFile() string { return filepath.Join(tests.Root, "docs", "mcp.md") }

const (
	tableBegins = "<!-- What is between here and the end is written by \"make mcpclients\". -->\n"
	tableEnds   = "\n<!-- It ends here. -->\n"
)

// TestPageIsCurrent: the tables say what the clients make of refusals.
func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	showOnFailure(t)
	text, err := os.ReadFile(pageFile())
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(text), tableBegins)
	got, after, ends := strings.Cut(rest, tableEnds)
	require.True(t, begins && ends, "the page has no place for the tables")
	want := tables(t)
	if t.Failed() {
		return
	}
	if *write {
		page := before + tableBegins + want + tableEnds + after
		require.NoError(t, os.WriteFile(pageFile(), []byte(page), 0o644))
		return
	}
	assert.Equal(t, want, got, "run \"make mcpclients\"")
}

func tables(t *testing.T) string {
	t.Helper()
	all := sdks(t)
	chosen, fixed := make([]string, len(all)), make([]string, len(all))
	var lock sync.Mutex
	t.Run("clients", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				met, guarded := s.jobs(t), s.guardedJobs()
				answers := s.play(t, append(met, guarded...))
				cells := s.seen(t, answers[:len(met)])
				rows, row := s.chosen(cells), s.fixed(cells)+s.authorizes(t, guarded, answers[len(met):])+overTwoStreams(cells)
				lock.Lock()
				defer lock.Unlock()
				chosen[i], fixed[i] = rows, row
			})
		}
	})
	return "\n| Client | Refusal | `http` | `jsonrpc` | `tool_error` | `auto` |\n|---|---|---|---|---|---|\n" + strings.Join(chosen, "") +
		"\n| Client | No credential (401) | Scope missing (403) | Scope missing, with OAuth | Any refusal, over HTTP+SSE |\n|---|---|---|---|---|\n" + strings.Join(fixed, "")
}

// chosen are the rows of refusals whose form mcp.reject_format chooses. Refusals and eras
// with the same cells share one.
func (s sdk) chosen(cells map[string]string) (rows string) {
	type row struct{ cells, names string }
	var all []row
	for _, r := range refusals {
		if !r.formatted {
			continue
		}
		for _, part := range s.parts(r, cells) {
			joined := false
			for i := range all {
				if joined = all[i].cells == part.cells; joined {
					all[i].names += ", " + part.name
					break
				}
			}
			if !joined {
				all = append(all, row{part.cells, part.name})
			}
		}
	}
	for _, r := range all {
		rows += fmt.Sprintf("| %s | %s | %s |\n", s, r.names, r.cells)
	}
	return rows
}

// A part is a refusal in the eras in which a client makes the same of it.
type part struct{ name, cells string }

func (s sdk) parts(r refusal, cells map[string]string) (parts []part) {
	var texts []string
	in := map[string][]string{}
	for _, era := range s.eras() {
		var row []string
		for _, f := range formats {
			row = append(row, cells[r.name+f+era])
		}
		text := strings.Join(row, " | ")
		if in[text] == nil {
			texts = append(texts, text)
		}
		in[text] = append(in[text], era)
	}
	for _, text := range texts {
		name := r.name
		if len(texts) > 1 {
			name += " in " + strings.Join(in[text], ", ")
		}
		parts = append(parts, part{name, text})
	}
	return parts
}

// fixed is the beginning of the row of refusals that are always a status.
func (s sdk) fixed(cells map[string]string) string {
	row := "| " + s.String()
	for _, name := range []string{"no credential (401)", "scope missing (403)"} {
		var texts []string
		for _, era := range s.eras() {
			if text := cells[name+"auto"+era]; len(texts) == 0 || texts[len(texts)-1] != text {
				texts = append(texts, text)
			}
		}
		row += " | " + strings.Join(texts, "; from a later version on, ")
	}
	return row
}

// aStatus is in some errors.
var aStatus = regexp.MustCompile(`[45]\d\d [A-Z][A-Za-z ]*[a-z]`)

// overTwoStreams is the end of the row: what the client makes of refusals over HTTP+SSE.
func overTwoStreams(cells map[string]string) string {
	var texts []string
	for _, r := range refusals {
		cell, met := cells[r.name+"tool_error"+twoStreams]
		if cell = aStatus.ReplaceAllString(cell, "…"); met && !slices.Contains(texts, cell) {
			texts = append(texts, cell)
		}
	}
	return " | " + strings.Join(texts, "; or ") + " |\n"
}
