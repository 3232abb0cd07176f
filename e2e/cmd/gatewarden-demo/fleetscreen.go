package main

import (
	"fmt"
	"net"
	"path/filepath"
)

// door has the addresses of a proxy, host:port.
type door struct{ public, admin, operations string }

// fleetNext is what to do in a fleet when all was tried.
var fleetNext = [][2]string{
	{"rules of your own", "docs/fleet.md, make run FLEET=1 CONFIG=yours.json"},
	{"without the store", "make demo FLEET=1"},
}

// fleetPlaces are where what is running in a fleet can be reached.
func (s screen) fleetPlaces() [][2]string {
	return [][2]string{
		{"http://" + s.public, "the service, through Envoy with Gatewarden"},
		{"http://" + s.second.public, "the same, through the second Envoy"},
		{"http://" + s.service, "the service itself; what has reached it: /debug/seen"},
		{"http://" + s.admin, "Envoy's admin endpoint; that of the second: " + port(s.second.admin)},
		{"http://" + s.operations, "the operations page; that of the second: " + port(s.second.operations)},
		{"", "their token, until Ctrl-C: " + s.token},
		{s.logs, "envoy.log, access.log; those of the second in second"},
	}
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address) // no address, no port
	return port
}

// places is what the screen says of the rate limit service.
func (s *store) places() [][2]string {
	if s == nil {
		return nil
	}
	logs := filepath.Join("build", "demo")
	return [][2]string{
		{s.Service.Address, "ratelimit, which counts for both; " + filepath.Join(logs, "ratelimit.log")},
		{s.Redis.Address, "its Redis; " + filepath.Join(logs, "redis.log")},
	}
}

// pairs is how often both proxies are asked beyond the limit, so that both have heard of the
// lockout.
const pairs = 5

// fleetTries has the commands for two proxies: served by both, guessing at both, refused by
// both, unlocked at one; none if they do not lock out together.
func (s screen) fleetTries() []try {
	if s.second == nil {
		return nil
	}
	surface := restSurface(s.config)
	if surface == nil || s.config.Fleet.Lockouts(surface) == nil {
		return nil
	}
	limit := int(surface.Lockout.Failures)
	guesses := (limit+1)/2 + pairs
	host, _, _ := net.SplitHostPort(s.public)
	operator := fmt.Sprintf("-H 'Authorization: Bearer %s' http://%s/lockouts", s.token, s.operations)
	return []try{
		{"A command that asks both proxies:", fmt.Sprintf(`both() { curl -s -o /dev/null -w '%%{http_code} ' -H "Authorization: Bearer $1" 'http://%s:{%s,%s}/api/v1/items'; }`,
			host, port(s.public), port(s.second.public))},
		{"The right token: 200 200.", "both " + right + "; echo"},
		{fmt.Sprintf("%d wrong ones: %d times 401, once or twice more until both know, then 429.", 2*guesses, limit),
			fmt.Sprintf("for i in $(seq %d); do both guess; done; echo", guesses)},
		{"Now both refuse the right one, too: 429 429.", "both " + right + "; echo"},
		{"Unlock the client at the first, on its operations page, or so:",
			"curl -X DELETE " + operator + `/$(curl -s ` + operator + ` | grep -oE '"id":"[^"]+' | cut -d '"' -f 4)`},
		{"The first serves it at once, the second when it has heard: 200 429, then 200 200.",
			"for i in $(seq 10); do both " + right + "; sleep 0.5; done; echo"},
	}
}
