package schematest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/docs"
)

// TestValid: the schema accepts what the parser accepts. Otherwise editors would
// underline valid configurations.
func TestValid(t *testing.T) {
	schema := compile(t)
	for _, path := range append(glob(t, "../testdata/valid/*.json"), glob(t, "../../examples/*.json")...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			if _, err := config.Parse([]byte(text), docs.Environment); err != nil {
				t.Errorf("the parser refuses it:\n%v", err)
			}
			if err := validate(t, schema, text); err != nil {
				t.Errorf("the schema refuses it:\n%v", err)
			}
		})
	}
}

// TestInvalid: the last part of each file says what the schema does with the first.
// If the schema accepts it, the file gives a reason why no schema can refuse it.
func TestInvalid(t *testing.T) {
	schema := compile(t)
	for _, path := range glob(t, "../testdata/invalid/*.txt") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			parts := strings.Split(read(t, path), "\n----------\n")
			if len(parts) != 3 {
				t.Fatalf("has %d parts, want 3", len(parts))
			}
			said := strings.TrimSuffix(parts[2], "\n")
			switch reason, accepts := strings.CutPrefix(said, "schema: accepts: "); {
			case said == "schema: cannot read":
				if _, err := unmarshal(parts[0]); err == nil {
					t.Error("is JSON")
				}
			case said == "schema: refuses":
				if validate(t, schema, parts[0]) == nil {
					t.Error("the schema accepts it")
				}
			case accepts && reason != "":
				if err := validate(t, schema, parts[0]); err != nil {
					t.Errorf("the schema refuses it:\n%v", err)
				}
			default:
				t.Errorf("%q is not known here", said)
			}
		})
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := unmarshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func unmarshal(text string) (any, error) {
	return jsonschema.UnmarshalJSON(strings.NewReader(text))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
