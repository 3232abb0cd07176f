package fleet

import (
	"encoding/binary"
	"net/netip"

	"github.com/gatewarden/gatewarden/table"
)

// Counter is a counter that all proxies share.
type Counter struct {
	Rule *Rule
	// Shared is its name under the secret of the fleet, Local its counter in this proxy.
	Shared, Local table.Key
	// Client is the client or the network that it is for; the zero Prefix if it is for all.
	Client netip.Prefix
	// Subject is the keyed hash of an account or a credential, 0 if it is for neither.
	Subject uint64
}

// moment is a point in time on both clocks, in milliseconds.
type moment struct{ now, wall int64 }

// window returns the number of the window that is running, which is part of the counter's
// name at the service, and when it ends. Where the service has windows of this length, they
// need no number.
func (u *Rule) window(at moment) (number, ends int64) {
	ends = at.now + u.length - at.wall%u.length
	if u.length == u.unit {
		return 0, ends
	}
	return at.wall / u.length, ends
}

// appendName appends the counter's name at the service: a hash of whose it is, of the window,
// and of the generation.
func (r *Room) appendName(b []byte, c *Counter, window int64, generation uint32) []byte {
	var name [table.KeySize]byte
	var when [12]byte
	binary.LittleEndian.PutUint64(when[:], uint64(window))
	binary.LittleEndian.PutUint32(when[8:], generation)
	return r.shared.Key([]byte("window"), c.Shared.Append(name[:0]), when[:]).AppendHex(b)
}

// appendUnlock appends the name of the counter of unlocks, see generation.go.
func (r *Room) appendUnlock(b []byte, shared table.Key) []byte {
	var name [table.KeySize]byte
	return r.shared.Key([]byte("unlock"), shared.Append(name[:0])).AppendHex(b)
}
