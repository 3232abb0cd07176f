package config

import "testing"

func TestAuthorizationServerWarnings(t *testing.T) {
	const oauth = `{"oauth": {"resource": "https://h", "authorization_servers": ["https://as"]}, "authorization_server": `
	checkWarnings(t, []warningsRow{
		{`{"authorization_server": {"issuer": "https://as", "cluster": "auth"}}`, ""},
		{oauth + `{"issuer": "https://as", "cluster": "auth"}}`, ""},
		{oauth + `{"issuer": "https://as/", "cluster": "auth"}}`, "authorization_server.issuer"},
		{oauth + `[{"issuer": "https://as", "cluster": "auth"}, {"issuer": "https://bs", "cluster": "auth"}]}`, "authorization_server[1].issuer"},
	})
}

func TestServerOf(t *testing.T) {
	c := mustParse(t, `{"surfaces": [], "authorization_server": [{"issuer": "https://a", "cluster": "c"}, {"issuer": "https://b", "cluster": "c"}], "oauth": [
		{"resource": "https://h/1", "authorization_servers": ["https://x", "https://b", "https://a"]},
		{"resource": "https://h/2", "authorization_servers": ["https://x"]}, {"resource": "https://h/3", "authorization_servers": ["https://a"]}]}`)
	for resource, want := range []int{1, -1, 0} {
		if got := c.ServerOf(resource); got != want {
			t.Errorf("resource %d: %d, want %d", resource, got, want)
		}
	}
}
