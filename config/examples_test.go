package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// TestExamples: the examples are valid and have no warnings.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(text, docs.Environment)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, warning := range c.Warnings() {
			t.Errorf("%s: %s", file, warning)
		}
	}
}
