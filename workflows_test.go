package main

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionsArePinned checks that third-party actions are pinned to a commit, with the
// version as a comment. A tag can be moved to other code.
func TestActionsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^[ -]*uses: *(.*)$`)
	pinned := regexp.MustCompile(`^(\./\S+|[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
	commits := map[string]string{} // of each action
	eachWorkflow(t, func(file, text string) {
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s uses %s; write ACTION@COMMIT # vVERSION, with 40 hexadecimal digits", file, m[1])
				continue
			}
			action, commit, _ := strings.Cut(m[1], "@")
			if other, found := commits[action]; found && other != commit {
				t.Errorf("%s uses %s at %s, elsewhere it is at %s", file, action, commit, other)
			}
			commits[action] = commit
		}
	})
	if len(commits) < 5 {
		t.Errorf("only %d actions found: the test looks for the wrong thing", len(commits))
	}
}

// TestActionsHaveLeastPrivileges checks that workflows have no permissions, and that each
// job lists its own.
func TestActionsHaveLeastPrivileges(t *testing.T) {
	job := regexp.MustCompile(`(?m)^  [\w-]+:\n(?:(?:    .*)?\n)+`)
	jobs := 0
	eachWorkflow(t, func(file, text string) {
		if !strings.Contains(file, "workflows") {
			return
		}
		head, body, _ := strings.Cut(text, "\njobs:\n")
		if !strings.Contains(head, "\npermissions: {}\n") {
			t.Errorf("%s has no top-level permissions: {}", file)
		}
		for _, text := range job.FindAllString(body, -1) {
			jobs++
			if !strings.Contains(text, "\n    permissions:\n") {
				t.Errorf("%s: a job has no permissions of its own:\n%s", file, text)
			}
		}
	})
	if jobs < 6 {
		t.Errorf("only %d jobs found: the test looks for the wrong thing", jobs)
	}
}

func eachWorkflow(t *testing.T, check func(file, text string)) {
	t.Helper()
	err := filepath.WalkDir(".github", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasPrefix(filepath.Ext(file), ".y") {
			check(file, read(t, file))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
