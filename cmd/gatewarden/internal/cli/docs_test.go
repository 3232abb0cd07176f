package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the commands say into the documents")

// The console blocks of docs/simulate.md show what the command says.
func TestDocumentedOutput(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..")
	t.Chdir(root)
	const document = "docs/simulate.md"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	const fence = "```console\n$ "
	parts := strings.Split(string(text), fence)
	var now strings.Builder
	now.WriteString(parts[0])
	for _, part := range parts[1:] {
		command, rest, _ := strings.Cut(part, "\n")
		_, rest, _ = strings.Cut(rest, "```")
		args := strings.Fields(command)
		out, log, code := invoke(t, "", args[1:]...)
		if args[0] != "gatewarden" || code != 0 {
			t.Errorf("%s: exit %d, %s", command, code, log)
		}
		now.WriteString(fence + command + "\n" + out + "```" + rest)
	}
	switch {
	case len(parts) != 4:
		t.Errorf("%d commands: the test looks for the wrong thing", len(parts)-1)
	case *update:
		if err := os.WriteFile(document, []byte(now.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	case now.String() != string(text):
		t.Errorf("%s does not show what the commands say; write it anew: go test ./internal/cli -run %s -update", document, t.Name())
	}
}
