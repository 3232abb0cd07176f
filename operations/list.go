package operations

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/register"
)

// list returns the lockouts. If the request names a client, it asks the table about that
// client, even if the register does not list it.
func (e *Endpoint) list(host Host, r *request) *proxy.Reply {
	values, wrong := readQuery(r.query, "surface", "client")
	if wrong != "" {
		return badRequest(wrong)
	}
	surface, client := values[0], values[1]
	now := host.Now()
	surfaces := register.Surfaces(host, now)
	var found []*entry
	complete := true
	if client == "" {
		found, complete = e.listed(surface, now)
	} else if found, wrong = e.ofClient(surfaces, surface, client, now); wrong != "" {
		return badRequest(wrong)
	}
	host.Add(e.metrics.list, 1)
	return reply(200, mediaJSON, e.document(found, surfaces, complete, now, host.WallNow()))
}

// listed are the lockouts that the register names and the table confirms.
func (e *Endpoint) listed(surface string, now int64) (found []*entry, complete bool) {
	var named []register.Lockout
	complete = e.register.List(now, func(l register.Lockout) {
		if surface == "" || l.Surface == surface {
			named = append(named, l)
		}
	})
	for i := range named {
		if l, lasts := e.look(named[i], true, now); lasts {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, newestFirst)
	return found, complete
}

func newestFirst(a, b *entry) int {
	switch {
	case a.Since > b.Since:
		return -1
	case a.Since < b.Since:
		return 1
	}
	return strings.Compare(a.Client, b.Client)
}

const notAClient = "The client is neither an address nor a network that is locked out as a whole on any surface. " +
	"Write for example 192.0.2.7 or 2001:db8::7."

// ofClient are the lockouts of a client, and of the network that it belongs to.
func (e *Endpoint) ofClient(surfaces []register.Surface, surface, client string, now int64) (found []*entry, problem string) {
	known := false
	for i := range surfaces {
		s := &surfaces[i]
		for _, target := range lockout.Targets(e.table(s.Size), s, client) {
			known = true
			if surface != "" && s.Name != surface {
				continue
			}
			l, listed := e.name(s, &target)
			if one, lasts := e.look(l, listed, now); lasts && !contains(found, one) {
				found = append(found, one)
			}
		}
	}
	if !known {
		return nil, notAClient
	}
	return found, ""
}

// contains tells whether a lockout is among others: two instances may guard the same
// surface.
func contains(list []*entry, l *entry) bool {
	return slices.ContainsFunc(list, func(other *entry) bool { return other.Key == l.Key && other.Size == l.Size })
}

// name is what the register has of a target, or what it would have.
func (e *Endpoint) name(s *register.Surface, target *lockout.Target) (l register.Lockout, listed bool) {
	if l, listed = e.register.Find(target.Key); listed && l.Size == s.Size {
		return l, true
	}
	return register.Lockout{
		Key: target.Key, Size: s.Size, What: target.What, Surface: s.Name,
		Client: report.ClientName(e.form, e.table(s.Size), target.Network),
	}, false
}

// document is the answer of the list: what lasts at the time of day, and where.
func (e *Endpoint) document(found []*entry, surfaces []register.Surface, complete bool, now, wall int64) []byte {
	b := make([]byte, 0, 512+320*len(found))
	b = appendTime(append(b, `{"now":`...), wall)
	b = strconv.AppendBool(append(b, `,"complete":`...), complete)
	b = appendText(b, `,"envoy":`, e.envoy)
	b = append(b, `,"surfaces":[`...)
	for i := range surfaces {
		b = appendSurface(comma(b, i), &surfaces[i])
	}
	b = append(b, `],"fleets":[`...)
	for i, f := range register.Fleets(e.store, now) {
		b = appendFleet(comma(b, i), &f)
	}
	b = append(b, `],"lockouts":[`...)
	for i := range found {
		b = found[i].appendTo(comma(b, i), surfaces, wall)
	}
	return append(b, "]}"...)
}

// appendFleet writes whether the service is heard that counts for all proxies, and how many
// reports wait for it.
func appendFleet(b []byte, f *register.Fleet) []byte {
	b = appendText(b, `{"domain":`, f.Domain)
	b = strconv.AppendBool(append(b, `,"heard":`...), f.Heard)
	b = strconv.AppendUint(append(b, `,"pending":`...), uint64(f.Pending), 10)
	return append(b, '}')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func appendSurface(b []byte, s *register.Surface) []byte {
	b = appendText(b, `{"name":`, s.Name)
	b = strconv.AppendBool(append(b, `,"enforced":`...), s.Enforced)
	b = strconv.AppendUint(append(b, `,"ipv4_prefix":`...), uint64(s.IPv4), 10)
	b = strconv.AppendUint(append(b, `,"ipv6_prefix":`...), uint64(s.IPv6), 10)
	b = strconv.AppendInt(append(b, `,"seconds":`...), s.Duration/1000, 10)
	return append(b, '}')
}
