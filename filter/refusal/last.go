package refusal

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Last is the reply that was given last for one kind of refusal. A client that is refused
// and goes on gets it again for the rest of the second, so that an attack costs no memory.
type Last struct {
	reason  Reason
	seconds int64
	form    Form
	origin  Origin
	quotas  []proxy.Header
	reply   *proxy.Reply
}

// Find returns the reply if it is for this refusal and this recipient, and nil
// otherwise. A nil Last keeps nothing.
func (l *Last) Find(why *Refusal, to *Recipient) *proxy.Reply {
	if l == nil || to.Request != nil || l.reason != why.Reason || l.seconds != why.Seconds ||
		l.form != to.Form || l.origin != to.Origin || !slices.Equal(l.quotas, to.Quotas) {
		return nil
	}
	return l.reply
}

// Keep keeps a reply, unless it is for one request only.
func (l *Last) Keep(why *Refusal, to *Recipient, reply *proxy.Reply) {
	if l == nil || to.Request != nil {
		return
	}
	*l = Last{why.Reason, why.Seconds, to.Form, to.Origin, copied(to.Quotas), reply}
}

// copied returns header fields whose values share no memory with those that were given.
func copied(fields []proxy.Header) []proxy.Header {
	own := slices.Clone(fields)
	for i := range own {
		own[i].Value = strings.Clone(own[i].Value)
	}
	return own
}
