package config

import (
	"crypto/sha256"
	"reflect"
	"testing"
)

// TestOperationsEndpoint: an operations endpoint has the fields admin and log
// alone, without other defaults.
func TestOperationsEndpoint(t *testing.T) {
	c := mustParse(t, files(t, "testdata/valid/operations_endpoint.json")["operations_endpoint"])
	want := &Config{
		Admin: &Admin{
			Tokens: []AdminToken{
				{ID: "alice", SHA256: sha256.Sum256([]byte("secret"))}, {ID: "on-call_2", SHA256: sha256.Sum256([]byte("another"))},
			},
			Hosts: []string{"ops.example.com", "gateway"},
		},
		Log: Log{ClientTruncated, 5},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v", c)
	}
	if w := c.Warnings(); len(w) > 0 {
		t.Errorf("warns: %q", w)
	}
}

// TestOperationsEndpointSharesItsEnvironment: an operations endpoint ignores
// variables of other instances in the same VM.
func TestOperationsEndpointSharesItsEnvironment(t *testing.T) {
	text := files(t, "testdata/valid/operations_endpoint.json")["operations_endpoint"]
	with, err := Parse([]byte(text), []string{"RATE_LIMIT_MCP_FAILURES=50", "TRUST_FORWARDED_FOR=true"})
	if err != nil || !reflect.DeepEqual(with, mustParse(t, text)) {
		t.Errorf("got %+v, %v", with, err)
	}
}
