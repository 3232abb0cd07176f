package model

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Kinds of surfaces.
const (
	api     = "api"
	mcp     = "mcp"
	token   = "oauth-token"
	consent = "oauth-consent"
	login   = "login"
)

// Modes of a lockout.
const (
	enforce = "enforce"
	shadow  = "shadow"
	off     = "off"
)

// Sources of a client's address.
const (
	sourceEnvoy    = "envoy"
	sourceXFF      = "xff"
	sourceXFFFirst = "xff-first"
	sourceHeader   = "header:x-real-ip"
)

// Setup is a configuration.
type Setup struct {
	Surfaces []Surface
	Exempt   []Match
	Source   string
	// IPv4, IPv6 are the lengths of the prefixes that make a client.
	IPv4, IPv6 int
	Allow      []netip.Prefix
	Cookies    []string
	// Held sets allow_on_headers_stop_iteration.
	Held bool
	// Identity says who a request comes from, Quotas how much may be asked for.
	Identity []Source
	Quotas   []Quota
	// Priced gives calls of MCP tools a cost.
	Priced bool
	// XReset is how X-RateLimit-Reset tells the time, "" for the usual way.
	XReset string
	// Env are failures by surface that the environment overrides.
	Env map[string]int
}

// Surface is a part of the service.
type Surface struct {
	Name, Kind string
	Match      []Match
	Lockout    Lockout
	// Require lets only those in who were verified.
	Require bool
}

// challenges tells whether a request of the surface asks for a resource, with a
// credential in its headers, and does not log in.
func (s *Surface) challenges() bool { return s.Kind == api || s.Kind == mcp }

// Match is an entry of a surface or of the exempt list.
type Match struct {
	Path    string
	Prefix  bool
	Methods []string
	Hosts   []string
}

type object = map[string]any

// JSON is the setup as the filter reads it. The table is so large that every
// counter has a set of its own: nothing is evicted.
func (s *Setup) JSON() []byte {
	client := object{"source": s.Source, "ipv4_prefix": s.IPv4, "ipv6_prefix": s.IPv6}
	if s.Source == sourceXFF || s.Source == sourceHeader {
		client["trusted_proxies"] = []string{proxies.String()}
	}
	if len(s.Allow) > 0 {
		client["allow"] = s.Allow
	}
	config := object{
		"client": client, "surfaces": list(s.Surfaces, Surface.json), "exempt": list(s.Exempt, Match.json),
		"table": object{"clients": 4194304, "quotas": 4194304}, "allow_on_headers_stop_iteration": s.Held,
		"burst": object{"hold": "off"}, // steps within a step could not wait for it
	}
	if len(s.Cookies) > 0 {
		config["credentials"] = object{"headers": []string{"authorization", "x-api-key"}, "cookies": s.Cookies}
	}
	if s.XReset != "" {
		config["headers"] = object{"x_ratelimit": s.XReset}
	}
	if len(s.Identity) > 0 {
		config["identity"] = list(s.Identity, Source.json)
	}
	if s.Priced {
		config["mcp"] = object{"other_tools": object{"scopes": []string{}, "cost": 1, "arguments": []object{{"argument": "count", "max_count": maxPrice, "absent": 0}}}}
	}
	if len(s.Quotas) > 0 {
		config["quotas"] = list(s.Quotas, Quota.json)
	}
	text, err := json.Marshal(config)
	if err != nil {
		panic(err) // strings and numbers
	}
	return text
}

// Variables is the environment.
func (s *Setup) Variables() map[string]string {
	env := map[string]string{}
	for name, failures := range s.Env {
		env["RATE_LIMIT_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"_FAILURES"] = fmt.Sprint(failures)
	}
	return env
}

func list[T any](from []T, one func(T) object) []object {
	out := []object{}
	for _, item := range from {
		out = append(out, one(item))
	}
	return out
}

func (s Surface) json() object {
	o := fields{"name": s.Name, "kind": s.Kind, "match": list(s.Match, Match.json), "lockout": s.Lockout.json()}
	o.set("require", s.Require, true)
	return object(o)
}

func (m Match) json() object {
	o := object{"path": m.Path}
	if m.Prefix {
		o = object{"prefix": m.Path}
	}
	if len(m.Methods) > 0 {
		o["methods"] = m.Methods
	}
	if m.Hosts != nil {
		o["hosts"] = m.Hosts
	}
	return o
}

func duration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
