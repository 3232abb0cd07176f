package filter

import (
	"net/netip"
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// audit writes what was decided to the proxy's log, one line each, held to a
// rate: an attack must not fill the disk. What it leaves out it counts.
type audit struct {
	form      config.ClientForm
	perSecond int64
	// credit is the number of lines that may be written, in thousandths.
	credit, last int64
	// omitted is the number of lines left out since the last one written.
	omitted uint64
}

// allow tells whether a line may be written now.
func (a *audit) allow(now int64) bool {
	elapsed := min(max(now-a.last, 0), 1000)
	a.credit = min(a.credit+elapsed*a.perSecond, a.perSecond*1000)
	a.last = now
	if a.credit < 1000 {
		a.omitted++
		return false
	}
	a.credit -= 1000
	return true
}

// failure reports a counted failure.
func (f *Filter) reportFailure(host Host, s *Stream, why cause, r *table.Record, locked bool, now int64) {
	if !f.allowLine(now) {
		return
	}
	b := f.line("failure", s)
	b = appendField(b, "reason", why.String())
	b = appendNumber(b, "failures", int64(r.Count))
	b = appendNumber(b, "limit", int64(s.surface.Lockout.Failures))
	if locked {
		b = appendNumber(b, "locked_for", secondsUntil(r.LockedUntil, now))
	}
	f.write(host, b)
}

// reportNetwork reports that a whole network was locked out.
func (f *Filter) reportNetwork(host Host, s *Stream, r *table.Record, now int64) {
	if !f.allowSignal(now) {
		return
	}
	network := s.wideNetwork()
	b := appendField([]byte("gatewarden: network lockout"), "surface", s.surface.Name)
	b = appendField(b, "client", f.clientName(&network))
	b = appendNumber(b, "failures", int64(r.Count))
	f.write(host, appendNumber(b, "locked_for", secondsUntil(r.LockedUntil, now)))
}

// reportStuffing reports a client that failed with too many different credentials.
func (f *Filter) reportStuffing(host Host, s *Stream, credentials uint32, lockedUntil, now int64) {
	if !f.allowSignal(now) {
		return
	}
	b := appendNumber(f.line("stuffing", s), "credentials", int64(credentials))
	b = appendNumber(b, "window", s.surface.stuffing.window/1000)
	if lockedUntil > 0 {
		b = appendNumber(b, "locked_for", secondsUntil(lockedUntil, now))
	}
	f.write(host, b)
}

// reportSpraying reports an account at which too many different clients failed.
func (f *Filter) reportSpraying(host Host, s *Stream, account string, now int64) {
	if !f.allowSignal(now) {
		return
	}
	b := appendField([]byte("gatewarden: spraying"), "surface", s.surface.Name)
	b = appendField(b, "account", strconv.FormatUint(f.table.Hash([]byte(account)), 16))
	b = appendNumber(b, "clients", int64(s.surface.spraying.limit))
	f.write(host, appendNumber(b, "window", s.surface.spraying.window/1000))
}

// reportIntrospection reports that an authorization server could not be asked, or
// gave no answer.
func (f *Filter) reportIntrospection(host Host, source *introspection, why string) {
	now := host.Now()
	if f.allowSignal(now) {
		b := appendField([]byte("gatewarden: introspection error"), "cluster", source.Cluster)
		f.write(host, appendField(b, "reason", why))
	}
}

// refusal reports a refused request, or in shadow mode one that would have been.
func (f *Filter) reportRefusal(host Host, s *Stream, what string, why *refusal) {
	if !f.allowLine(why.now) {
		return
	}
	b := appendField(f.line(what, s), "reason", string(why.reason))
	if why.rule != "" {
		b = appendField(b, "rule", why.rule)
	}
	if why.reason == ReasonBypassDenied {
		b = f.appendIdentity(b, &s.identity)
	}
	if why.seconds > 0 {
		b = appendNumber(b, "retry_after", why.seconds)
	}
	f.write(host, b)
}

// reportLost reports a failure that could not be counted.
func (f *Filter) reportLost(host Host, s *Stream, why cause, now int64) {
	if f.allowLine(now) {
		f.write(host, appendField(f.line("uncounted failure", s), "reason", why.String()))
	}
}

func (f *Filter) allowLine(now int64) bool {
	if f.audit.allow(now) {
		return true
	}
	f.metrics.suppressed.add(1)
	return false
}

// allowSignal is allowLine for what stands for many failures, and must not be
// left out among their lines.
func (f *Filter) allowSignal(now int64) bool { return f.allowFrom(&f.signals, now) }

// allowFrom is allowLine with a budget of its own.
func (f *Filter) allowFrom(a *audit, now int64) bool {
	if a.allow(now) {
		return true
	}
	f.audit.omitted++
	f.metrics.suppressed.add(1)
	return false
}

func (f *Filter) line(what string, s *Stream) []byte {
	b := append([]byte("gatewarden: "), what...)
	if s.surface != nil {
		b = appendField(b, "surface", s.surface.Name)
	}
	return appendField(b, "client", f.clientName(&s.client))
}

func (f *Filter) write(host Host, b []byte) {
	if f.audit.omitted > 0 {
		b = appendNumber(b, "omitted_before", int64(f.audit.omitted))
		f.audit.omitted = 0
	}
	host.Warn(string(b))
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), '=')
	return append(b, value...)
}

func appendNumber(b []byte, name string, value int64) []byte {
	return strconv.AppendInt(appendField(b, name, ""), value, 10)
}

// clientName is a client as the configuration wants it in the log.
func (f *Filter) clientName(c *client) string {
	return ClientName(f.audit.form, f.table, c.prefix)
}

func prefixName(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
