package report

import (
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// Lockouts lists the lockouts that begin in the register, where an operations endpoint
// finds them: the table knows only hashes. Before a lockout this costs nothing, and it
// happens once for each.
type Lockouts struct {
	register *register.Register
	size     uint8
	unlisted Counter
}

// NewLockouts lists lockouts of a table.
func NewLockouts(store table.Store, t *table.Table, m *Metrics) *Lockouts {
	l := &Lockouts{register: register.New(store), size: t.Size()}
	m.Define(&l.unlisted, "gatewarden_lockouts_unlisted_total")
	return l
}

// Put lists a lockout that begins at the time now.
func (l *Lockouts) Put(lockout register.Lockout, now int64) {
	lockout.Size, lockout.Since = l.size, now
	if !l.register.Put(lockout, now) {
		l.unlisted.Add(1)
	}
}
