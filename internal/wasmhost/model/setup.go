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
	// Env are failures by surface that the environment overrides.
	Env map[string]int
}

// Surface is a part of the service.
type Surface struct {
	Name, Kind string
	Match      []Match
	Lockout    Lockout
}

// Match is an entry of a surface or of the exempt list.
type Match struct {
	Path    string
	Prefix  bool
	Methods []string
}

// Lockout is the rule of a surface. What is 0 or empty is not written, so that
// the documented default applies.
type Lockout struct {
	Failures       int
	None           bool // failures is written, as 0
	Window         time.Duration
	Duration       time.Duration
	Factor         float64
	Max, Forget    time.Duration
	Statuses       []int
	CountAnonymous bool
	Reset          bool
	Mode           string
}

// withDefaults fills in what docs/configuration.md says of a kind.
func (l Lockout) withDefaults(kind string) Lockout {
	failures, window, statuses := 20, time.Minute, []int{401}
	switch kind {
	case token:
		failures, window = 10, 5*time.Minute
	case consent:
		failures, window, statuses = 5, 5*time.Minute, []int{401, 403, 422}
	}
	if l.Failures == 0 && !l.None {
		l.Failures = failures
	}
	if l.Window == 0 {
		l.Window = window
	}
	if l.Statuses == nil {
		l.Statuses = statuses
	}
	if l.Max == 0 {
		l.Max = time.Hour
	}
	if l.Forget == 0 {
		l.Forget = 12 * time.Hour
	}
	return l
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
		"table": object{"clients": 4194304}, "allow_on_headers_stop_iteration": s.Held,
	}
	if len(s.Cookies) > 0 {
		config["credentials"] = object{"headers": []string{"authorization", "x-api-key"}, "cookies": s.Cookies}
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
	return object{"name": s.Name, "kind": s.Kind, "match": list(s.Match, Match.json), "lockout": s.Lockout.json()}
}

func (m Match) json() object {
	o := object{"path": m.Path}
	if m.Prefix {
		o = object{"prefix": m.Path}
	}
	if len(m.Methods) > 0 {
		o["methods"] = m.Methods
	}
	return o
}

func (l Lockout) json() object {
	o := object{}
	written := func(key string, is bool, value any) {
		if is {
			o[key] = value
		}
	}
	written("failures", l.Failures > 0 || l.None, l.Failures)
	written("window", l.Window > 0, duration(l.Window))
	written("duration", l.Duration > 0, duration(l.Duration))
	written("statuses", l.Statuses != nil, l.Statuses)
	written("count_anonymous", l.CountAnonymous, true)
	written("reset_on_success", l.Reset, true)
	written("mode", l.Mode != "", l.Mode)
	if l.Factor > 0 {
		e := object{"factor": l.Factor}
		if l.Max > 0 {
			e["max"] = duration(l.Max)
		}
		if l.Forget > 0 {
			e["forget"] = duration(l.Forget)
		}
		o["escalate"] = e
	}
	return o
}

func duration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
