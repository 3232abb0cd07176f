package main

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/config"
)

// screen is what "run" shows: what is there, and what to try.
type screen struct {
	public, service, admin string
	operations, token      string
	logs, configFile       string
	config                 *config.Config
	// more are the rows of places about what runs beside.
	more [][2]string
	// second is the second proxy, if there is one.
	second *door
}

func (s screen) print(out io.Writer) {
	look := styleOf(out)
	title, all := "Gatewarden guards a demo service.", "both"
	if s.second != nil {
		title, all = "Gatewarden guards a demo service in two Envoys, together.", "all"
	}
	say(out, "\n%s Ctrl-C stops %s.\n\n", look.bold(title), all)
	for _, row := range s.places() {
		say(out, "  %-23s %s\n", row[0], row[1])
	}
	say(out, "\n%s\n", look.bold("Try in another terminal, in this order:"))
	for i, t := range s.tries() {
		say(out, "\n%d. %s\n   %s\n", i+1, foldText(t.effect, "   "), look.bold(foldCommand(t.command, "   ")))
	}
	say(out, "\n%s\n\n", look.bold("And then:"))
	for _, row := range s.next() {
		say(out, "  %-23s %s\n", row[0], row[1])
	}
	say(out, "\n")
}

// places are where what is running can be reached.
func (s screen) places() [][2]string {
	rows := [][2]string{
		{"http://" + s.public, "the service, through Envoy with Gatewarden"},
		{"http://" + s.service, "the service itself; what has reached it: /debug/seen"},
		{"http://" + s.admin, "Envoy's admin endpoint; metrics: /stats/prometheus"},
		{"http://" + s.operations, "who is locked out; to unlock, and to lock by hand"},
		{"", "its token, until Ctrl-C: " + s.token},
		{filepath.Join(s.logs, "access.log"), "each request, with the reason if it was refused"},
		{filepath.Join(s.logs, "envoy.log"), "Envoy's log, with failures, lockouts and refusals"},
	}
	if s.second != nil {
		rows = s.fleetPlaces()
	}
	rows = append(rows, s.more...)
	if s.configFile != "" {
		rows = append(rows, [2]string{s.configFile, "the rules"})
	}
	return rows
}

// next is what to do when all was tried.
func (s screen) next() [][2]string {
	if s.second != nil {
		return fleetNext
	}
	return [][2]string{
		{"more to try", "README.md, \"Tour\""},
		{"limits on plans", "make run CONFIG=examples/tiers.json"},
		{"rules of your own", "docs/configuration.md, make run CONFIG=yours.json"},
		{"to check them first", "make cli, build/gatewarden check yours.json"},
		{"an attack to watch", "make demo"},
	}
}

// try is a command and what it does.
type try struct{ effect, command string }

func (s screen) tries() []try {
	items := "http://" + s.public + "/api/v1/items"
	for _, list := range [][]try{s.fleetTries(), s.mcpTries(), s.quotaTries(items), s.lockoutTries(items), s.oauthTries()} {
		if len(list) > 0 {
			return list
		}
	}
	return []try{{"The right token: 200.", "curl -i " + withToken + items}}
}

// lockoutTries has three commands: served, guessing, refused.
func (s screen) lockoutTries(items string) []try {
	limit, window, ok := guarded(s.config)
	if !ok {
		return nil
	}
	return []try{
		{"The right token: 200.", "curl -i " + withToken + items},
		{fmt.Sprintf("%d wrong tokens: %d times 401, then 429 for the rest of %s.", limit+1, limit, plain(window)),
			fmt.Sprintf("for i in $(seq %d); do curl -s -o /dev/null -w '%%{http_code} ' -H 'Authorization: Bearer guess' %s; done; echo", limit+1, items)},
		{"Now the right one is refused, too: a guesser must not learn that it is right. Retry-After says for how long.", "curl -i " + withToken + items},
	}
}

func (s screen) oauthTries() (list []try) {
	if len(s.config.OAuth) > 0 {
		list = append(list, try{"MCP without a token: 401, and where a client finds out how to get one.",
			"curl -i -X POST http://" + s.public + "/mcp"})
		if resource, err := url.Parse(s.config.OAuth[0].Resource); err == nil && s.config.OAuth[0].ServeMetadata {
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

// restSurface returns the surface that owns the demo service's REST API, or nil.
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
