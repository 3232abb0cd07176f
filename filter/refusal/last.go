package refusal

import "github.com/gatewarden/gatewarden/filter/proxy"

// Last is the reply that was given last for one kind of refusal. A locked-out client
// that goes on guessing gets it again for the rest of the second, so that an attack
// costs no memory.
type Last struct {
	reason  Reason
	seconds int64
	form    Form
	origin  Origin
	reply   *proxy.Reply
}

// Find returns the reply if it is for this refusal and this recipient, and nil
// otherwise. A nil Last keeps nothing.
func (l *Last) Find(why *Refusal, to *Recipient) *proxy.Reply {
	if l == nil || !to.isPlain() || l.reason != why.Reason || l.seconds != why.Seconds || l.form != to.Form || l.origin != to.Origin {
		return nil
	}
	return l.reply
}

// Keep keeps a reply, if it depends on nothing else.
func (l *Last) Keep(why *Refusal, to *Recipient, reply *proxy.Reply) {
	if l != nil && to.isPlain() {
		*l = Last{why.Reason, why.Seconds, to.Form, to.Origin, reply}
	}
}

// isPlain tells whether the reply depends on neither the request nor its quotas.
func (to *Recipient) isPlain() bool { return to.Request == nil && to.Quotas == nil }
