package lockout

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/register"
)

// publishEvery is the number of ticks after which the surfaces are confirmed in the
// catalogue.
const publishEvery = 30

// Tick tells operations endpoints now and then which surfaces lock out. The hall calls
// it once when the room is new, and then once a second.
// See RATIONALE.md, "Why do instances publish their surfaces?"
func (room *Room) Tick() {
	if room.ticks++; room.ticks%publishEvery == 1 {
		register.Publish(room.store, room.catalogue, room.clock.Now())
	}
}

// catalogued describes the rule's surface.
func (r *Rule) catalogued(c *config.Client) register.Surface {
	l := r.config
	entry := register.Surface{
		Name: r.surface, Size: r.room.table.Size(), Enforced: l.Mode == config.ModeEnforce,
		IPv4: uint8(c.IPv4Prefix), IPv6: uint8(c.IPv6Prefix),
		Duration: l.Duration,
	}
	if l.Duration == 0 {
		entry.Duration = l.Window
	}
	if r.hasWide() {
		entry.WideIPv4, entry.WideIPv6 = uint8(l.Wide.IPv4Prefix), uint8(l.Wide.IPv6Prefix)
	}
	return entry
}
