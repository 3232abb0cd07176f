package mcpclients

import (
	"errors"
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

// guarded is a listener whose tools need scopes. Each version of the protocol is a resource of
// its own, with one authorization server. A resource of another host has another one.
var guarded struct {
	port          string
	issuer, other *issuer
}

// addGuarded adds it. The URLs of its resources have its port.
func addGuarded(b *envoy.Bootstrap) (stop func(), err error) {
	server := startServer()
	guarded.issuer, guarded.other = startIssuer(), startIssuer()
	stop = func() { server.Close(); guarded.issuer.Close(); guarded.other.Close() }
	at, err := freeAddress()
	if err != nil {
		return stop, err
	}
	if _, guarded.port, err = net.SplitHostPort(at); err != nil {
		return stop, err
	}
	number, err := strconv.Atoi(guarded.port)
	if err != nil {
		return stop, err
	}
	return stop, errors.Join(
		b.AddCluster("issuer", guarded.issuer.Listener.Addr().String()),
		b.AddCluster("other-issuer", guarded.other.Listener.Addr().String()),
		addListener(b, "guarded", server.Listener.Addr().String(), guardedConfiguration(), func(b *envoy.Bootstrap) {
			b.Listener["address"] = envoy.Object{"socket_address": envoy.Object{"address": "127.0.0.1", "port_value": number}}
		}))
}

func guardedConfiguration() string {
	var surfaces, resources, sources []string
	add := func(name, hosts, era, url string, from *issuer) {
		surfaces = append(surfaces, fmt.Sprintf(`{"name": %q, "kind": "mcp", "match": [{"prefix": "/%s/mcp"%s}], "require": true}`, name, era, hosts))
		resources = append(resources, fmt.Sprintf(`{"resource": %q, "surfaces": [%q], "authorization_servers": [%q], "challenge_scope": ["query"]}`, url, name, from.URL))
	}
	add("other", `, "hosts": ["localhost"]`, "2025-11-25", otherResource(), guarded.other)
	for _, era := range eras {
		add("guarded-"+era, "", era, resource(era), guarded.issuer)
	}
	for cluster, from := range map[string]*issuer{"issuer": guarded.issuer, "other-issuer": guarded.other} {
		sources = append(sources, fmt.Sprintf(`{"source": "introspection", "endpoint": {"url": "%s/introspect", "cluster": %q, "client_id": "gateway", "client_secret": "secret"}}`, from.URL, cluster))
	}
	return `{"allow_on_headers_stop_iteration": true,
		"identity": [` + strings.Join(sources, ", ") + `],
		"surfaces": [` + strings.Join(surfaces, ", ") + `],
		"oauth": [` + strings.Join(resources, ", ") + `],
		"mcp": {"tools": [{"name": "read", "scopes": ["query"]}, {"name": "scoped", "scopes": ["query", "generate"]}]}}`
}

func resource(era string) string { return "http://127.0.0.1:" + guarded.port + "/" + era + "/mcp" }
func otherResource() string      { return "http://localhost:" + guarded.port + "/2025-11-25/mcp" }

// TestClientsFindTheirResource: each client finds the authorization server of the resource
// that it called, of two on different hosts, and asks for a token that is good there.
func TestClientsFindTheirResource(t *testing.T) {
	t.Parallel()
	showOnFailure(t)
	t.Run("clients", func(t *testing.T) {
		for _, s := range sdks(t) {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				jobs := []job{
					{Endpoint: resource("2025-11-25"), Era: "2025-11-25", OAuth: true, Tool: "read", Seconds: seconds},
					{Endpoint: otherResource(), Era: "2025-11-25", OAuth: true, Tool: "read", Seconds: seconds},
				}
				for i, a := range s.play(t, jobs) {
					assert.Equal(t, "done", a.Kind, "%s: %+v", jobs[i].Endpoint, a)
				}
			})
		}
	})
	assert.Equal(t, []string{otherResource()}, guarded.other.resources())
	assert.NotContains(t, guarded.issuer.resources(), otherResource())
}

// guardedJobs are calls for which a scope is missing, with an authorization server.
func (s sdk) guardedJobs() (jobs []job) {
	for _, era := range s.eras() {
		jobs = append(jobs, job{Endpoint: resource(era), Era: era, OAuth: true, Tool: "scoped", Seconds: seconds})
	}
	return jobs
}

// authorizes is a part of a row: what the client does about a missing scope if it has an
// authorization server.
func (s sdk) authorizes(t *testing.T, jobs []job, answers []answer) string {
	t.Helper()
	said := ""
	for i, a := range answers {
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
