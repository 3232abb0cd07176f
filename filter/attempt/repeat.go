package attempt

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// With "repeats": "once", a wrong guess of a client counts once within the window of each
// failure key. A window that slows attempts down has no fixed end, so a guess counts again
// when the key's window has passed since it counted. A guess that the table cannot record
// counts.

// repeats tells whether a guess was counted before on the counter of a failure key. It
// records the guess, and begins the window in which it counts.
func (s *State) repeats(key table.Key, rule *config.FailureKey, guess *caller.Guess, now int64) bool {
	if !s.rule.surface.Lockout.CountOnce || !guess.IsKnown() {
		return false
	}
	end := int64(0)
	t := s.rule.room.table
	t.Update(key, now, func(r table.Record, floor uint8, at int64) (table.Record, bool) {
		begun := begin(r, floor, rule, at)
		if end = begun.WindowEnd; !rule.Lock {
			end = at + rule.Window
		}
		return begun, begun != r
	})
	var name [table.KeySize]byte
	return !t.First(t.Key(repeatRule, key.Append(name[:0]), s.client.Key[:], guess[:]), end, now)
}
