package concurrency

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// ruleName keeps the counters of this room apart from those of other rules.
var ruleName = []byte("concurrency")

// key names the counter of a limit that a request is held to.
func (r *Rules) key(l *limit, client *caller.Client, id *caller.Identity) table.Key {
	room := r.room
	per := []byte{byte(l.Per)}
	switch l.Per {
	case config.PerSurface:
		return room.table.Key(ruleName, l.name, per, r.name)
	case config.PerIdentity:
		room.name = appendOwner(room.name[:0], client, id)
		return room.table.Key(ruleName, l.name, per, room.name)
	}
	return room.table.Key(ruleName, l.name, per)
}

// appendOwner appends the owner of a request: the name of the verified caller or, if it
// has none, its credential. The owner of an unverified request is its address.
func appendOwner(b []byte, client *caller.Client, id *caller.Identity) []byte {
	switch {
	case !id.Verified:
		return append(append(b, "client"...), client.Key[:]...)
	case id.Subject != "" || id.Tenant != "":
		return table.AppendPart(table.AppendPart(append(b, "name"...), id.Subject), id.Tenant)
	}
	return binary.LittleEndian.AppendUint64(append(b, "credential"...), id.Credential)
}
