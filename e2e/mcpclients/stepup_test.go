package mcpclients

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// guardedAt is where the listener with OAuth is. Its resources have its port in their URLs.
var guardedAt string

// addGuarded adds a listener with an authorization server, whose tools need scopes. Each
// version of the protocol is a resource of its own.
func addGuarded(b *envoy.Bootstrap) (stop func(), err error) {
	server, issuer := startServer(), startIssuer()
	stop = func() { server.Close(); issuer.Close() }
	if guardedAt, err = freeAddress(); err != nil {
		return stop, err
	}
	_, port, err := net.SplitHostPort(guardedAt)
	if err != nil {
		return stop, err
	}
	number, err := strconv.Atoi(port)
	if err == nil {
		err = b.AddCluster("issuer", issuer.Listener.Addr().String())
	}
	if err != nil {
		return stop, err
	}
	return stop, addListener(b, "guarded", server.Listener.Addr().String(), guarded(issuer.URL), func(b *envoy.Bootstrap) {
		b.Listener["address"] = envoy.Object{"socket_address": envoy.Object{"address": "127.0.0.1", "port_value": number}}
	})
}

func guarded(issuer string) string {
	var surfaces, resources []string
	for _, era := range eras {
		surfaces = append(surfaces, fmt.Sprintf(`{"name": "guarded-%s", "kind": "mcp", "match": [{"prefix": "/%[1]s/mcp"}], "require": true}`, era))
		resources = append(resources, fmt.Sprintf(`{"resource": %q, "surfaces": ["guarded-%s"], "authorization_servers": [%q], "challenge_scope": ["query"]}`,
			resource(era), era, issuer))
	}
	return `{"allow_on_headers_stop_iteration": true,
		"identity": [{"source": "introspection", "endpoint": {"url": "` + issuer + `/introspect", "cluster": "issuer", "client_id": "gateway", "client_secret": "secret"}}],
		"surfaces": [` + strings.Join(surfaces, ", ") + `],
		"oauth": [` + strings.Join(resources, ", ") + `],
		"mcp": {"tools": [{"name": "read", "scopes": ["query"]}, {"name": "scoped", "scopes": ["query", "generate"]}]}}`
}

func resource(era string) string { return "http://" + guardedAt + "/" + era + "/mcp" }

// authorizes is the end of a row: what the client does about a missing scope if it has an
// authorization server.
func (s sdk) authorizes(t *testing.T) string {
	t.Helper()
	var jobs []job
	for _, era := range s.eras() {
		jobs = append(jobs, job{Endpoint: resource(era), Era: era, OAuth: true, Tool: "scoped"})
	}
	said := ""
	for i, a := range s.play(t, jobs) {
		require.Equal(t, "done", a.Kind, "%s, %s: %+v", s, jobs[i].Era, a)
		assert.True(t, a.GoesOn, "%s, %s: %+v", s, jobs[i].Era, a)
		assert.Equal(t, []string{"read"}, a.Tools, "%s", s)
		text := "asks its user for"
		for _, scopes := range a.Asked[1:] {
			each := strings.Fields(scopes)
			slices.Sort(each) // the Go SDK has them in any order
			text += " `" + strings.Join(each, " ") + "`"
		}
		if a.Returns > 0 {
			text += ", and the program has to repeat the call"
		} else {
			text += ", and repeats the call"
		}
		assert.Equal(t, "query", a.Asked[0], "%s", s)
		if i > 0 {
			assert.Equal(t, said, text, "%s, %s", s, jobs[i].Era)
		}
		said = text
	}
	return " | " + said
}
