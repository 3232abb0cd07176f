package report

import (
	"net/netip"
	"strconv"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/text"
	"github.com/gatewarden/gatewarden/table"
)

// Kind is a kind of log line. Each has a rate of its own, log.per_second.
type Kind uint8

// The kinds.
const (
	// Decision lines are about single requests.
	Decision Kind = iota
	// Signal lines sum up many failures: an attack must not crowd them out.
	Signal
	// Bypass lines are about uses of the bypass.
	Bypass
	kinds
)

// Log writes lines to the proxy's log, held to a rate: an attack must not fill the
// disk. It counts the lines that it leaves out.
type Log struct {
	out        proxy.Log
	table      *table.Table
	form       config.ClientForm
	rates      [kinds]Rate
	omitted    uint64 // since the last line that was written
	suppressed Counter
}

// NewLog returns a log. If the configuration asks for hashes, names are hashed by the
// table.
func NewLog(c *config.Log, out proxy.Log, t *table.Table, m *Metrics) *Log {
	l := &Log{out: out, table: t, form: c.Client}
	for i := range l.rates {
		l.rates[i] = NewRate(c.PerSecond)
	}
	m.Define(&l.suppressed, "gatewarden_log_suppressed_total")
	return l
}

// Allows tells whether a line of a kind may be written at the time now.
//
//go:noinline
func (l *Log) Allows(k Kind, now int64) bool {
	if l.rates[k].Take(now) {
		return true
	}
	l.omitted++
	l.suppressed.Add(1)
	return false
}

// Write writes a line.
func (l *Log) Write(line *Line) {
	if l.omitted > 0 {
		line.Number("omitted_before", int64(l.omitted))
		l.omitted = 0
	}
	l.out.Warn(string(line.Buffer))
}

// Client names a client, or a network, in the form that the configuration wants.
func (l *Log) Client(network netip.Prefix) string { return ClientName(l.form, l.table, network) }

// Name quotes a name that a caller chose, which may hold anything. Where clients are
// not logged in full, it returns a hash of the name instead.
func (l *Log) Name(name string) string {
	if l.form == config.ClientFull {
		return strconv.Quote(name)
	}
	return l.Hash(name)
}

// Hash returns a keyed hash of a text that the log must not show.
func (l *Log) Hash(text string) string {
	return strconv.FormatUint(l.table.Hash([]byte(text)), 16)
}

// ClientName names a client, or a network, in a form of the configuration.
func ClientName(form config.ClientForm, t *table.Table, network netip.Prefix) string {
	if !network.IsValid() {
		return "unknown"
	}
	switch form {
	case config.ClientHash:
		key := caller.Key(network)
		return strconv.FormatUint(t.Hash(key[:]), 16)
	case config.ClientTruncated:
		bits := 24
		if network.Addr().Is6() {
			bits = 48
		}
		network = netip.PrefixFrom(network.Addr(), min(bits, network.Bits())).Masked()
	}
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return network.String()
}

// Line is a log line: words, then fields in the form name=value.
type Line struct{ text.Buffer }

// NewLine begins a line that says what happened.
func NewLine(what string) *Line {
	l := &Line{}
	l.Add("gatewarden: ")
	l.Add(what)
	return l
}

// About begins a line about a request of a client. surface is "" if the request belongs
// to none.
func (l *Log) About(what, surface string, client netip.Prefix) *Line {
	line := NewLine(what)
	if surface != "" {
		line.Field("surface", surface)
	}
	return line.Field("client", l.Client(client))
}

// Field appends a field.
func (l *Line) Field(name, value string) *Line {
	l.Add(" ")
	l.Add(name)
	l.Add("=")
	l.Add(value)
	return l
}

// Number appends a field with a number.
func (l *Line) Number(name string, value int64) *Line {
	l.Field(name, "").AddInt(value)
	return l
}
