package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// The manual is made of the same texts as --help. It is committed, and has no date,
// so that it changes only when they do.

// write makes the tests of what is generated write it: "make man".
var write = flag.Bool("write", false, "write docs/man and docs/cli.md")

const docsFolder = "../../../../docs"

// TestManualIsCurrent: what is committed is what the commands say of themselves.
func TestManualIsCurrent(t *testing.T) {
	pages, err := manualPages(newRoot())
	if err != nil {
		t.Fatal(err)
	}
	committed, err := filepath.Glob(docsFolder + "/man/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range committed {
		if pages[filepath.Base(file)] != "" {
			continue
		}
		if !*write {
			t.Errorf("%s is of no command; run \"make man\"", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
	for name, page := range pages {
		current(t, filepath.Join(docsFolder, "man", name), page)
	}
}

// TestReferenceIsCurrent: docs/cli.md ends with what the commands say.
func TestReferenceIsCurrent(t *testing.T) {
	const mark = "\n<!-- What follows is written by \"make man\". -->\n"
	text, err := os.ReadFile(docsFolder + "/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("docs/cli.md lacks the line %q", mark)
	}
	current(t, docsFolder+"/cli.md", before+mark+reference(newRoot()))
}

func current(t *testing.T, file, want string) {
	t.Helper()
	if *write {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the commands say (%v); run \"make man\"", file, err)
	}
}

// manualPages are the pages for man by their file's name.
func manualPages(root *cobra.Command) (map[string]string, error) {
	pages := map[string]string{}
	for _, cmd := range documented(root) {
		var page bytes.Buffer
		header := &doc.GenManHeader{Section: "1", Source: "Gatewarden", Manual: "Gatewarden", Date: &time.Time{}}
		if err := doc.GenMan(withExitCodes(cmd), header, &page); err != nil {
			return nil, err
		}
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		pages[name] = strings.Replace(page.String(), `"`+header.Date.Format("Jan 2006")+`"`, `""`, 1)
	}
	return pages, nil
}

// withExitCodes is the command as the man page shows it: cobra has no place for exit
// codes there.
func withExitCodes(cmd *cobra.Command) *cobra.Command {
	page := *cmd
	page.DisableAutoGenTag = true
	if codes := page.Annotations[exitCodesKey]; codes != "" {
		page.Long += "\n\nExit codes:\n\n    " + strings.ReplaceAll(codes, "\n", "\n    ")
	}
	return &page
}

// documented are a command and those below it, in order, those of cobra left out.
func documented(cmd *cobra.Command) []*cobra.Command {
	cmd.InitDefaultHelpFlag()
	list := []*cobra.Command{cmd}
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() && below.Name() != "help" && below.Name() != "completion" {
			list = append(list, documented(below)...)
		}
	}
	return list
}

// reference is the part of docs/cli.md about the commands.
func reference(root *cobra.Command) string {
	var page strings.Builder
	for _, cmd := range documented(root) {
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n\n", cmd.CommandPath(), cmd.Short)
		page.WriteString("```text\n" + strings.TrimSpace(cmd.Long) + "\n\n" + strings.TrimSpace(cmd.UsageString()) + "\n```\n")
	}
	return page.String()
}
