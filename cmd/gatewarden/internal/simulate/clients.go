package simulate

import (
	"hash/maphash"
	"net/netip"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
)

// What is kept about clients is bounded for any log: the first maxListed that were locked
// out or refused are listed, up to maxDistinct are counted exactly, and of those that
// succeed the most recent are remembered.
const (
	maxListed   = 4096
	maxDistinct = 1 << 16
	maxRecent   = 1 << 15
	// maxSpans is how many lockouts of one client are kept.
	maxSpans = 64
)

// clients are those of a variant.
type clients struct {
	seed   maphash.Seed
	listed map[clientKey]*clientRow
	order  []*clientRow
	locked distinct
	hurt   distinct
	recent [maxRecent]success
}

type clientKey struct {
	client  netip.Prefix
	surface int
}

type clientRow struct {
	forecast.Client
	firstAt, lastAt int64
}

// success is a client that succeeded. Two that fall to the same place push each
// other out.
type success struct {
	client uint64
	count  int64
}

func newClients() *clients {
	return &clients{
		seed: maphash.MakeSeed(), listed: map[clientKey]*clientRow{},
		locked: distinct{seen: map[uint64]struct{}{}}, hurt: distinct{seen: map[uint64]struct{}{}},
	}
}

func (c *clients) hash(client netip.Prefix) uint64 { return maphash.Comparable(c.seed, client) }

// succeeded remembers a client.
func (c *clients) succeeded(client netip.Prefix) {
	h := c.hash(client)
	s := &c.recent[h%maxRecent]
	if s.client != h {
		*s = success{client: h}
	}
	s.count++
}

// row returns the row of a client, nil if it has none and there is no more room.
func (c *clients) row(client netip.Prefix, surface int, name string, now int64) *clientRow {
	key := clientKey{client, surface}
	r := c.listed[key]
	if r == nil {
		if len(c.listed) >= maxListed {
			return nil
		}
		r = &clientRow{firstAt: now}
		r.Surface, r.Client.Client = name, clientName(client)
		h := c.hash(client)
		if s := c.recent[h%maxRecent]; s.client == h {
			r.Before = s.count
		}
		c.listed[key] = r
		c.order = append(c.order, r)
	}
	r.lastAt = max(r.lastAt, now)
	return r
}

// known returns what is listed of a client already.
func (c *clients) known(client netip.Prefix, surface int) *clientRow {
	return c.listed[clientKey{client, surface}]
}

func clientName(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return "unknown"
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// lock notes a lockout for a number of seconds, after that many failures. The failures
// before it are as certain as the last one.
func (r *clientRow) lock(now, seconds, failures, assumed int64) {
	if r.Lockouts == 0 {
		r.Failures += failures - 1 // this one is counted by itself
		r.Assumed += (failures - 1) * assumed
	}
	r.Lockouts++
	r.LockedSeconds += seconds
	if len(r.Locked) < maxSpans {
		r.Locked = append(r.Locked, forecast.Span{From: instant(now), To: instant(now + seconds*1000)})
	}
}

func (c *clients) forecast() []forecast.Client {
	out := make([]forecast.Client, len(c.order))
	for i, r := range c.order {
		out[i] = r.Client
		out[i].First, out[i].Last = instant(r.firstAt), instant(r.lastAt)
	}
	return out
}

// distinct counts what is different.
type distinct struct {
	seen map[uint64]struct{}
	over bool
}

func (d *distinct) add(hash uint64) {
	if _, known := d.seen[hash]; known {
		return
	}
	if len(d.seen) >= maxDistinct {
		d.over = true
		return
	}
	d.seen[hash] = struct{}{}
}
