package concurrency

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// door plays the hall for one worker: it calls the moments of a request in their order.
type door struct {
	*Room
	host    *fakehost.Host
	metrics *report.Metrics
	table   *counter.Table
	// watched is what limits in shadow mode would have refused.
	watched []refusal.Refusal
}

func newDoor(t testing.TB, json string) *door {
	t.Helper()
	d := newDoorAt(t, json, fakehost.New())
	d.host.Forget()
	return d
}

func newDoorAt(t testing.TB, json string, host *fakehost.Host) *door {
	t.Helper()
	c, m := fakehost.ParseConfig(t, json), report.NewMetrics(host)
	counters := counter.New(table.New(host, fakehost.Seed, c.Table.Clients), "gatewarden_table", m)
	return &door{Room: New(c, host, counters, m), host: host, metrics: m, table: counters}
}

// The surfaces of a configuration of limits.
const (
	a = iota
	form
)

// limits is a configuration with these limits and two surfaces.
func limits(rules string) string {
	return `{"table": {"clients": 1024}, "concurrency": [` + rules + `],
		"surfaces": [{"name": "a", "kind": "mcp", "match": [{"prefix": "/a"}]},
			{"name": "form", "kind": "oauth-consent", "match": [{"prefix": "/form"}]}]}`
}

const oneInAll = `{"name": "one", "per": "all", "limit": 1}`

var nobody caller.Identity

func clientAt(address string) caller.Client {
	is := netip.MustParseAddr(address)
	client := caller.Client{Address: is, Prefix: caller.Network(is, 32, 64)}
	client.Key = caller.Key(client.Prefix)
	return client
}

// enterAs begins a request and tells whether it passes.
func (d *door) enterAs(surface int, client caller.Client, who caller.Identity) (s *State, passes bool) {
	s = &State{}
	s.Begin(d.Rules(surface))
	if _, refused := s.Enter(&client, &who); refused {
		s.Refused()
		return s, false
	}
	for why, exceeded := s.Watch(&client, &who); exceeded; why, exceeded = s.Watch(&client, &who) {
		d.watched = append(d.watched, why)
	}
	return s, true
}

func (d *door) enter(surface int) (s *State, passes bool) {
	return d.enterAs(surface, clientAt("192.0.2.1"), nobody)
}

// done ends a request as the hall does.
func (d *door) done(s *State) {
	if s.Holds() {
		s.Leave(d.host.Now())
	}
}

// take returns the host calls so far, and drops them.
func (d *door) take() string {
	calls := strings.Join(d.host.Calls, ", ")
	d.host.Forget()
	return calls
}
