package config

import "testing"

func TestCredentialWarnings(t *testing.T) {
	checkWarnings(t, []warningsRow{
		{`{"credentials": {"headers": [], "query": [], "websocket_protocols": []}}`, "credentials"},
		{`{"credentials": {"headers": [], "query": []}}`, ""},
		{`{"credentials": {"headers": [], "websocket_protocols": []}}`, ""},
		{`{"credentials": {"headers": [], "cookies": ["session"]}}`, ""},
	})
}
