// Package introspect asks authorization servers about bearer tokens (RFC 7662) and
// remembers their answers. It is a part of the identity room.
//
// introspect.go has what a worker keeps for all servers: [Lookups] and the metrics.
// server.go has one configured server, request.go the request that is sent to it,
// answer.go reads its answers, and memory.go remembers them. inquiry.go has the state
// of a request, and lookup.go the calls that requests wait for.
//
// The moments of a request; only the first happens in every request:
//
//	Server.Identify ─► Inquiry.Ask ─► Lookups.Answered ─► told
//	                                └► Inquiry.Leave
package introspect

import (
	"github.com/gatewarden/gatewarden/filter/counter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/table"
)

// Ports is what the package needs of the proxy.
type Ports interface {
	proxy.Clock
	proxy.WallClock
	proxy.Callouts
}

// Lookups are the look-ups that one worker has in progress, at all servers.
type Lookups struct {
	clock    proxy.Clock
	wall     proxy.WallClock
	callouts proxy.Callouts
	table    *counter.Table
	names    *table.Names
	log      *report.Log

	byKey    map[table.Key]*lookup
	byNumber map[uint32]*lookup // by the number of the proxy's call

	counters [outcomes]report.Counter
	scratch  []byte
}

// New returns look-ups, none of them in progress. Tokens and names are hashed under the
// table's seed, and by names where others learn the hash.
func New(p Ports, t *counter.Table, names *table.Names, log *report.Log, m *report.Metrics) *Lookups {
	l := &Lookups{
		clock: p, wall: p, callouts: p, table: t, names: names, log: log,
		byKey: map[table.Key]*lookup{}, byNumber: map[uint32]*lookup{},
	}
	for i := range l.counters {
		m.DefineBy(&l.counters[i], "gatewarden_introspections_total", "outcome", outcomeNames[i])
	}
	return l
}

// outcome is what becomes of a token that a server must judge.
type outcome uint8

const (
	outcomeActive   outcome = iota
	outcomeInactive         // or expired, not yet valid, or meant for another audience
	outcomeError            // the server gave no answer
	outcomeCached           // an earlier answer is remembered
	outcomeJoined           // another request has asked already
	outcomeOverload         // too many look-ups are in progress
	outcomes
)

var outcomeNames = [outcomes]string{
	outcomeActive: "active", outcomeInactive: "inactive", outcomeError: "error",
	outcomeCached: "cached", outcomeJoined: "joined", outcomeOverload: "overload",
}

func (l *Lookups) count(o outcome) { l.counters[o].Add(1) }

// fail counts and reports that a server gave no answer.
func (l *Lookups) fail(s *Server, why string) {
	l.count(outcomeError)
	l.report(s, why)
}

// report logs why a token was not looked up. The line never has any part of the token.
func (l *Lookups) report(s *Server, why string) {
	if l.log.Allows(report.Signal, l.clock.Now()) {
		l.log.Write(report.NewLine("introspection error").Field("cluster", s.config.Cluster).Field("reason", why))
	}
}
