package config

import (
	"strings"
	"testing"
)

// TestRefusedHashIsNotRepeated: an invalid hash may be the key itself, and does
// not get into the log.
func TestRefusedHashIsNotRepeated(t *testing.T) {
	_, err := Parse([]byte(`{"identity": [{"source": "api_keys", "keys": [{"id": "ci", "sha256": "sk-live-1234"}]}]}`), nil)
	if err == nil || strings.Contains(err.Error(), "sk-live") {
		t.Errorf("%v", err)
	}
}
