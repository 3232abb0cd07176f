package config

import (
	"reflect"
	"strings"
	"testing"
)

const askAuth = `{"identity": [{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com", "client_id": "gateway", `

// TestIntrospection: optional fields have their defaults, and the secret may come
// from the environment.
func TestIntrospection(t *testing.T) {
	want := Identity{Kind: IdentityIntrospection,
		Claims: Claims{Subject: []string{"sub"}, Scopes: []string{"scope"}},
		Introspection: Introspection{Cluster: "auth", Scheme: "https", Authority: "auth.example.com", Path: "/",
			ClientID: "gateway", ClientSecret: "a=b", Timeout: 2_000, For: 60_000, InactiveFor: 10_000, Entries: 4096},
	}
	for _, row := range []struct{ json, env string }{
		{`"client_secret": "a=b"}}]}`, ""},
		{`"client_secret_env": "AUTH_SECRET"}}]}`, "AUTH_SECRET=a=b"},
	} {
		c, err := Parse([]byte(askAuth+row.json), []string{"AUTH=x", row.env})
		if err != nil || !reflect.DeepEqual(c.Identity, []Identity{want}) {
			t.Errorf("%s: %v\n%+v", row.json, err, c)
		}
	}
}

// TestRefusedSecretIsNotRepeated: an invalid secret does not get into the log.
func TestRefusedSecretIsNotRepeated(t *testing.T) {
	for _, row := range []struct{ json, env string }{
		{`"client_secret": "hidden\u0007"}}]}`, ""},
		{`"client_secret": {"hidden": 1}}}]}`, ""},
		{`"client_secret_env": "AUTH_SECRET"}}]}`, "AUTH_SECRET=hidden\x07"},
	} {
		_, err := Parse([]byte(askAuth+row.json), []string{row.env})
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", row.json, err)
		}
	}
}
