package deploy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// object is one Kubernetes object of a manifest.
type object struct {
	APIVersion, Kind string
	Metadata         struct{ Name, Namespace string }
	// json is the whole object.
	json []byte
}

// spec is the object's spec, or nil.
func (o object) spec(t *testing.T) []byte {
	t.Helper()
	var whole struct{ Spec any }
	require.NoError(t, sigsyaml.Unmarshal(o.json, &whole))
	spec, err := sigsyaml.Marshal(whole.Spec)
	require.NoError(t, err)
	asJSON, err := sigsyaml.YAMLToJSON(spec)
	require.NoError(t, err)
	return asJSON
}

// manifest returns the objects of a YAML file. Two equal keys are an error.
func manifest(t *testing.T, file string) []object {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var objects []object
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document any
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, file)
		one, err := yaml.Marshal(document)
		require.NoError(t, err)
		var o object
		o.json, err = sigsyaml.YAMLToJSONStrict(one)
		require.NoError(t, err, file)
		require.NoError(t, sigsyaml.Unmarshal(o.json, &o), file)
		objects = append(objects, o)
	}
	require.NotEmpty(t, objects, "%s is empty", file)
	return objects
}

// files returns the files that match a pattern, and fails the test if there is none.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, found, "no file is called %s: the test looks for the wrong thing", pattern)
	return found
}
