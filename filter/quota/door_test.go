package quota

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// door plays the hall for one worker: it calls the moments of a request in their order.
type door struct {
	*Room
	json    string
	config  *config.Config
	host    *fakehost.Host
	metrics *report.Metrics
	cors    *refusal.CORS
	client  caller.Client
	// replies are those to refused requests, watched what quotas in shadow mode would
	// have refused.
	replies []*proxy.Reply
	watched []refusal.Refusal
}

// newDoor makes a room with a host of its own, for requests from 192.0.2.1.
func newDoor(t testing.TB, json string) *door {
	t.Helper()
	host := fakehost.New()
	d := newDoorAt(t, json, host, host)
	host.Forget()
	return d
}

func newDoorAt(t testing.TB, json string, host *fakehost.Host, store table.Store) *door {
	t.Helper()
	c, m := fakehost.ParseConfig(t, json), report.NewMetrics(host)
	d := &door{Room: New(c, host, store, fakehost.Seed, counter.NewShared(c.Fleet), m), json: json, config: c, host: host, metrics: m}
	d.cors = refusal.NewCORS(&c.CORS, d.Exposed())
	d.from("192.0.2.1")
	return d
}

// from makes the next requests come from an address.
func (d *door) from(address string) {
	is := netip.MustParseAddr(address)
	d.client = caller.Client{Address: is, Prefix: caller.Network(is, 32, 64)}
	d.client.Key = caller.Key(d.client.Prefix)
}

// begin begins a request. The first surface owns it that one of its readings leads to.
func (d *door) begin(headers []proxy.Header) (*State, request.Target, int) {
	t, _ := request.Read(headers)
	t.Readings = request.Readings(request.Path(t.Path), nil)
	named := config.Match{Hosts: d.config.NamedHosts()}
	t.Hosts = request.HostsOf(&t, &named, nil)
	surface := d.surface(&t)
	s := &State{}
	s.Begin(d.Rules(surface), &t)
	return s, t, surface
}

func (d *door) surface(t *request.Target) int {
	for i := range d.config.Surfaces {
		for j := range d.config.Surfaces[i].Match {
			for _, reading := range t.Readings {
				if request.May(&d.config.Surfaces[i].Match[j], t, request.Normal(reading)) {
					return i
				}
			}
		}
	}
	return -1
}

// ask sends a request by a caller, and has the service answer 200.
func (d *door) ask(who caller.Identity, headers []proxy.Header, response ...string) *State {
	s, _, surface := d.begin(headers)
	d.host.Response = fakehost.Headers(append([]string{":status", "200"}, response...)...)
	_, details := request.Read(headers)
	origin := d.cors.Origin(details.Origin)
	if why, refused := s.Spend(&d.client, &who); refused {
		s.Refused()
		words := s.Words(&why)
		to := refusal.Recipient{Origin: origin, Quotas: s.Headers(&d.client, &who, &why)}
		switch {
		case details.IsGRPC():
			to.Form = refusal.GRPCForm
		case d.config.Surfaces[surface].Kind == config.KindMCP:
			to.Form = refusal.JSONRPCForm
		}
		d.replies = append(d.replies, d.cors.Reply(words, &why, &to))
		return s
	}
	for why, exceeded := s.Watch(); exceeded; why, exceeded = s.Watch() {
		d.watched = append(d.watched, why)
	}
	s.Passed()
	if s.Limited() {
		s.AddHeaders(origin)
	}
	return s
}

// forget drops the replies and calls so far.
func (d *door) forget() {
	d.replies, d.watched = nil, nil
	d.host.Forget()
}

// take returns the calls so far, and drops them.
func (d *door) take() string {
	calls := strings.Join(d.host.Calls, ", ")
	d.forget()
	return calls
}

// left returns the remaining allowance at a quota, without the cost of this request.
func (d *door) left(who caller.Identity, path, name string) uint32 {
	s, _, _ := d.begin(get(path))
	s.bill(&d.client, &who)
	for i := range s.charges {
		if c := &s.charges[i]; c.quota.Name == name {
			d.look(c, 0, d.host.Time)
			return c.Left
		}
	}
	return 1<<32 - 1
}

// quotaConfig is a configuration with the given quotas and two surfaces.
func quotaConfig(rules ...string) string {
	return `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "window": "1m"}},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 0}}],
		"quotas": [` + strings.Join(rules, ",") + `]}`
}

// with adds members to a configuration.
func with(json, members string) string { return strings.Replace(json, "{", "{"+members+", ", 1) }

// rule is a quota per client and minute, with more of its members.
func rule(name string, limit int, more string) string {
	return `{"name": "` + name + `", "per": ["client"], "limit": ` + strconv.Itoa(limit) + `, "window": "1m"` + more + `}`
}

func get(path string) []proxy.Header { return fakehost.Headers(":method", "GET", ":path", path) }

var nobody caller.Identity
