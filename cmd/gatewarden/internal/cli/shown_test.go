package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const repository = "../../../.."

// TestShownIsCurrent: what the pages show of commands is what these write.
func TestShownIsCurrent(t *testing.T) {
	t.Chdir(repository)
	for page, atLeast := range map[string]int{"docs/explain.md": 4, "docs/simulate.md": 4, "docs/mcp.md": 1} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		shown := 0
		now := regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n.*?```").ReplaceAllStringFunc(string(text), func(block string) string {
			shown++
			line := strings.SplitN(block, "\n", 3)[1]
			code, out, log := invoke(t, strings.TrimPrefix(line, "$ "), "")
			if code != exitFine {
				t.Errorf("%s: %d %s", line, code, log)
			}
			return "```console\n" + line + "\n" + out + "```"
		})
		if shown < atLeast {
			t.Errorf("%d commands in %s: the test looks for the wrong thing", shown, page)
		}
		current(t, page, now)
	}
}
