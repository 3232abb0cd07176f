package main

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// screen is what "run" shows: what is there, and what to try.
type screen struct {
	public, service, admin string
	logs, configFile       string
	config                 *config.Config
}

func (s screen) print(out io.Writer) {
	say(out, "\nGatewarden guards a demo service. Ctrl-C stops it.\n\n")
	row := func(what, where string) { say(out, "  %-22s%s\n", what, where) }
	row("Envoy and Gatewarden", "http://"+s.public)
	row("what passed them", "http://"+s.service+"/debug/seen")
	row("metrics", "http://"+s.admin+"/stats/prometheus?filter=gatewarden")
	row("logs", filepath.Join(s.logs, "access.log")+", envoy.log")
	if s.configFile != "" {
		row("configuration", s.configFile)
	}
	say(out, "\nTry, in another terminal:\n")
	for i, t := range s.tries() {
		say(out, "\n%d. %s\n   %s\n", i+1, t.effect, t.command)
	}
	say(out, "\n")
}

// try is a command and what it does.
type try struct{ effect, command string }

func (s screen) tries() []try {
	items := "http://" + s.public + "/api/v1/items"
	list := s.quotaTries(items)
	if len(list) == 0 {
		list = s.lockoutTries(items)
	}
	return append(list, s.oauthTries()...)
}

func (s screen) lockoutTries(items string) []try {
	list := []try{{"The right token: 200.", "curl -i " + withToken + items}}
	if limit, window, ok := guarded(s.config); ok {
		list = append(list,
			try{
				fmt.Sprintf("Guess %d times: %d times 401, then 429, for the rest of %s.", limit+1, limit, plain(window)),
				fmt.Sprintf("for i in $(seq %d); do curl -s -o /dev/null -w '%%{http_code} ' -H 'Authorization: Bearer guess' %s; done; echo", limit+1, items),
			},
			try{"Now the right token is refused too; Retry-After says for how long.", "curl -i " + withToken + items})
		if client.CanUse("127.0.0.2") == nil {
			list = append(list, try{"Another client is served as before: 200.", "curl -i --interface 127.0.0.2 " + withToken + items})
		}
	}
	return list
}

func (s screen) oauthTries() (list []try) {
	if s.config.OAuth != nil {
		list = append(list, try{"MCP without a token: 401, and where a client finds out how to get one.",
			"curl -i -X POST http://" + s.public + "/mcp"})
		if resource, err := url.Parse(s.config.OAuth.Resource); err == nil && s.config.OAuth.ServeMetadata {
			list = append(list, try{"That document, served by the filter: 200.",
				"curl -i http://" + s.public + "/.well-known/oauth-protected-resource" + strings.TrimSuffix(resource.Path, "/")})
		}
	}
	return list
}

// guarded returns the lockout rule of the demo service's REST API.
func guarded(c *config.Config) (limit uint32, window time.Duration, ok bool) {
	surface := restSurface(c)
	if surface == nil {
		return 0, 0, false
	}
	rule := surface.Lockout
	return rule.Failures, time.Duration(rule.Window) * time.Millisecond,
		rule.Failures > 0 && rule.Mode == config.ModeEnforce && rule.Duration == 0
}

// restSurface is the surface that the demo service's REST API is, nil if it is none.
func restSurface(c *config.Config) *config.Surface {
	for i := range c.Surfaces {
		for _, match := range c.Surfaces[i].Match {
			if match.Prefix && match.Path == "/api/v1" && len(match.Methods) == 0 {
				return &c.Surfaces[i]
			}
		}
	}
	return nil
}

// plain is a duration in words.
func plain(d time.Duration) string {
	switch {
	case d == time.Minute:
		return "the minute"
	case d%time.Minute == 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}
