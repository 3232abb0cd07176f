package config

import (
	"reflect"
	"testing"
)

// TestOrderOfImplies: the order of keys in a JSON object means nothing.
func TestOrderOfImplies(t *testing.T) {
	a := mustParse(t, `{"scopes": {"implies": {"b": ["x"], "a": ["y", "x"], "c": []}}}`)
	b := mustParse(t, `{"scopes": {"implies": {"c": [], "a": ["y", "x"], "b": ["x"]}}}`)
	want := []Implication{{"a", []string{"y", "x"}}, {"b", []string{"x"}}, {"c", nil}}
	if !reflect.DeepEqual(a.Scopes.Implies, want) || !reflect.DeepEqual(b.Scopes.Implies, want) {
		t.Errorf("got %+v and %+v", a.Scopes.Implies, b.Scopes.Implies)
	}
}

// TestOperationsThatMatch: an operation may stand behind another one that leaves it some
// requests.
func TestOperationsThatMatch(t *testing.T) {
	for _, operations := range []string{
		`{"path": "/api/v1/x", "scopes": []}, {"prefix": "/api/v1", "scopes": ["a"]}`,
		`{"prefix": "/api/v1", "methods": ["GET"], "scopes": ["a"]}, {"prefix": "/api/v1", "scopes": ["b"]}`,
		`{"prefix": "/api/v1", "hosts": ["a.example"], "scopes": ["a"]}, {"path": "/api/v1/x", "scopes": ["b"]}`,
		`{"prefix": "/", "surfaces": ["mcp"], "scopes": ["a"]}, {"path": "/api/v1/x", "scopes": ["b"]}`,
		`{"prefix": "/", "scopes": ["a"]}, {"path": "/oauth/token", "surfaces": ["token"], "scopes": ["b"]}`,
		`{"path": "/api/v1/x", "scopes": ["a"]}, {"path": "/api/v1/X", "scopes": ["b"]}`, // to the letter
	} {
		mustParse(t, `{`+verified+`, "scopes": {"operations": [`+operations+`]}}`)
	}
}
