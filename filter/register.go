package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// What begins a lockout writes its name into the register, where an operations endpoint
// finds it: the table knows hashes only. It costs nothing before, and happens once for
// each lockout.

// registerLockout names a lockout that begins.
func (f *Filter) registerLockout(l register.Lockout, s *Stream, record *table.Record, now int64) {
	l.Size, l.Surface, l.Since, l.Until = f.table.Size(), s.surface.Name, now, record.LockedUntil
	if !f.register.Put(l, now) {
		f.metrics.unlisted.add(1)
	}
}

// registerClient names the lockout of the stream's client.
func (f *Filter) registerClient(s *Stream, record *table.Record, now int64) {
	l := register.Lockout{Key: s.counter, What: register.Client, Client: f.clientName(&s.client)}
	if s.surface.Lockout.Stuffing.Lock {
		l.Also = s.stuffingKey()
	}
	f.registerLockout(l, s, record, now)
}

// registerNetwork names the lockout of the network that the stream's client is in.
func (f *Filter) registerNetwork(s *Stream, record *table.Record, now int64) {
	network := s.wideNetwork()
	f.registerLockout(register.Lockout{Key: s.wide, What: register.Network, Client: f.clientName(&network)}, s, record, now)
}

// registerAttempt names the lockout of what was attempted.
func (f *Filter) registerAttempt(s *Stream, a *attempt, record *table.Record, now int64) {
	l := register.Lockout{Key: a.key, What: register.Account, Subject: a.subject}
	if a.rule.By == config.ByCredential {
		l.What = register.Credential
	}
	if a.rule.Client {
		l.Client = f.clientName(&s.client)
	}
	f.registerLockout(l, s, record, now)
}

// publishEvery is after how many ticks the surfaces are confirmed in the catalogue.
const publishEvery = 30

// publish tells operations endpoints which surfaces lock out.
func (f *Filter) publish(host Host) {
	if f.ticks++; f.ticks%publishEvery == 1 {
		register.Publish(host, f.catalogue, host.Now())
	}
}

// readyCatalogue describes the surfaces that lock out.
func (f *Filter) readyCatalogue() {
	for i := range f.surfaces {
		s := &f.surfaces[i]
		if !s.counts() {
			continue
		}
		l := &s.Lockout
		entry := register.Surface{
			Name: s.Name, Size: f.table.Size(), Enforced: l.Mode == config.ModeEnforce,
			IPv4: uint8(f.config.Client.IPv4Prefix), IPv6: uint8(f.config.Client.IPv6Prefix),
			Duration: l.Duration,
		}
		if l.Duration == 0 {
			entry.Duration = l.Window
		}
		if l.Wide.Failures > 0 {
			entry.WideIPv4, entry.WideIPv6 = uint8(l.Wide.IPv4Prefix), uint8(l.Wide.IPv6Prefix)
		}
		f.catalogue = append(f.catalogue, entry)
	}
}
