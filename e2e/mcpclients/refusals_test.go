package mcpclients

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// formats are those of mcp.reject_format. Each has a listener.
var formats = []string{"http", "jsonrpc", "tool_error", "auto"}

// The paths of a listener have rules of their own: /ERA/mcp, /ERA/limited/mcp with few
// requests, and /ERA/busy/mcp with few of them at once: a client begins the next request
// before its first one has ended, and some have a stream beside them.
func (f format) configuration() string {
	const callers = `"identity": [{"source": "headers", "subject": "x-user", "tier": "x-tier", "scopes": "x-scopes", "default_tier": "free"}]`
	var surfaces []string
	for _, kind := range []string{"limited", "busy", ""} {
		surfaces = append(surfaces, f.surface(kind))
	}
	return `{"allow_on_headers_stop_iteration": true, ` + callers + `,
		"surfaces": [` + strings.Join(surfaces, ", ") + `],
		"mcp": {"reject_format": "` + string(f) + `", "tiers": ["free", "pro"], "tools": [
			{"name": "read", "scopes": []}, {"name": "hold", "scopes": []},
			{"name": "spend", "scopes": [], "cost": 5}, {"name": "tiered", "scopes": [], "tier": "pro"},
			{"name": "scoped", "scopes": ["generate"]}]},
		"quotas": [
			{"name": "` + f.rule("credits") + `", "unit": "credits", "per": ["subject"], "limit": 7, "window": "1h"},
			{"name": "` + f.rule("limited") + `", "surfaces": ["` + f.rule("limited") + `"], "per": ["subject"], "limit": 8, "window": "30s", "algorithm": "gcra"}],
		"concurrency": [{"name": "` + f.rule("busy") + `", "surfaces": ["` + f.rule("busy") + `"], "per": "identity", "limit": 3}]}`
}

type format string

// rule is the name of a rule or surface of the format's listener.
func (f format) rule(kind string) string {
	return strings.TrimSuffix(strings.ReplaceAll(string(f), "_", "-")+"-"+kind, "-")
}

func (f format) surface(kind string) string {
	var matches []string
	for _, era := range eras {
		matches = append(matches, fmt.Sprintf(`{"prefix": "/%s"}`, strings.TrimSuffix(era+"/"+kind, "/")))
	}
	return fmt.Sprintf(`{"name": %q, "kind": "mcp", "match": [%s], "lockout": {"mode": "off"}}`, f.rule(kind), strings.Join(matches, ", "))
}

// addRefusals adds a listener for each format, in front of one server.
func addRefusals(b *envoy.Bootstrap) (stop func(), err error) {
	server := startServer()
	for _, f := range formats {
		err = errors.Join(err, addListener(b, format(f).rule(""), server.Listener.Addr().String(), format(f).configuration(), nil))
	}
	return server.Close, err
}

// A refusal is one that clients meet.
type refusal struct {
	name string
	// says is a part of what the filter says.
	says string
	// formatted tells that mcp.reject_format chooses its form.
	formatted bool
	job       job
	// stranger tells that the client presents nothing.
	stranger bool
}

var refusals = []refusal{
	{name: "budget spent (402)", says: "credits has 2 of 7 left", formatted: true, job: job{Tool: "spend", Times: 2}},
	{name: "too many requests (429)", says: "Rate limit exceeded. Try again in ", formatted: true, job: job{Endpoint: "/limited", Tool: "read", Times: 40, Patience: 40}},
	{name: "tier too low (403)", says: "This needs the tier pro or a higher one.", formatted: true, job: job{Tool: "tiered"}},
	{name: "too many at once (503)", says: "currently at capacity", formatted: true, job: job{Endpoint: "/busy", Tool: "hold", Times: 5, AtOnce: 4, Patience: 40}},
	{name: "scope missing (403)", says: "generate", job: job{Tool: "scoped"}},
	{name: "no credential (401)", says: "This needs a credential.", job: job{Tool: "scoped"}, stranger: true},
}

// A meeting is a refusal in one format and era.
type meeting struct {
	refusal     refusal
	format, era string
}

// meetings are all that a client can have. What mcp.reject_format does not change, it meets
// once in each era.
func (s sdk) meetings() (all []meeting) {
	for _, r := range refusals {
		for _, f := range formats {
			for _, era := range s.eras() {
				if r.formatted || f == "auto" {
					all = append(all, meeting{r, f, era})
				}
			}
		}
		// Over HTTP+SSE, a request is over before its answer comes: there are never too
		// many at once.
		if r.job.AtOnce == 0 {
			all = append(all, meeting{r, "tool_error", twoStreams})
		}
	}
	return all
}

// jobs are those of the client's meetings.
func (s sdk) jobs(t *testing.T) (jobs []job) {
	t.Helper()
	for i, m := range s.meetings() {
		j := m.refusal.job
		j.Era, j.SSE = m.era, m.era == twoStreams
		j.Seconds = seconds
		end := "/mcp"
		if j.SSE { // some never get one
			j.Era, j.Seconds, end = "2024-11-05", 8, "/sse"
		}
		j.Endpoint = "http://" + address(t, format(m.format).rule("")) + "/" + j.Era + j.Endpoint + end
		if !m.refusal.stranger {
			j.Headers = map[string]string{"x-user": fmt.Sprint(s, " ", i)}
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// seen is what the client makes of each of its meetings.
func (s sdk) seen(t *testing.T, answers []answer) map[string]string {
	t.Helper()
	cells := map[string]string{}
	for i, a := range answers {
		m := s.meetings()[i]
		require.NotContains(t, []string{"none", "done"}, a.Kind, "%s, %s, %s, %s: %+v", s, m.refusal.name, m.format, m.era, a)
		assert.NotContains(t, a.Tools, "tiered", "%s sees a tool that it may not use", s)
		cells[m.refusal.name+m.format+m.era] = a.cell(m.refusal)
	}
	return cells
}

// inURL is in some errors.
var inURL = regexp.MustCompile(` for url '[^']*'.*`)

// cell says in few words what the user sees.
func (a answer) cell(r refusal) (text string) {
	shown := strings.Contains(a.Text, r.says)
	switch {
	case a.Kind == "raised":
		return "session ends: `" + inURL.ReplaceAllString(strings.ReplaceAll(a.Text, "\n", " "), "") + "`"
	case a.Kind == "silence":
		text = "waits for ever"
	case a.Kind == "failed" && shown:
		text = "model sees it"
	case shown && strings.Contains(a.Text, `{"jsonrpc"`):
		text = "error shows it as JSON"
	case shown:
		text = "error shows it"
	default:
		text = "error: `" + a.Text + "`"
	}
	if !a.GoesOn {
		text += ", and the session ends"
	}
	return text
}
