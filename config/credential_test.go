package config

import "testing"

func TestCredentialWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{`{"credentials": {"headers": []}}`, "credentials"},
		{`{"credentials": {"headers": [], "cookies": ["session"]}}`, ""},
	})
}
