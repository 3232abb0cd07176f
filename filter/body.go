package filter

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/attempt"
	"github.com/gatewarden/gatewarden/filter/credential"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
)

// RequestBody sees the request's body. size is how much of it is at hand.
func (s *Stream) RequestBody(size int, end bool) proxy.Action {
	s.shown()
	action := s.readBody(size, end)
	if s.guess.Reading() && !s.replied {
		s.guess.Read(s.filter.host, size, action != proxy.Continue, end)
	}
	return action
}

// readBody reads the body for what is decided about the request.
func (s *Stream) readBody(size int, end bool) proxy.Action {
	switch {
	case s.replied:
		return proxy.Pause
	case s.waits():
		s.hold.size = 0 // the body is longer than what is read
		return proxy.PauseStream
	case s.hold.held && !s.hold.sized && !s.account.Reading():
		return s.collect(size, end)
	case s.hold.held && !end && size < s.hold.most:
		return proxy.Pause
	case s.hold.held:
		return s.release(size, end)
	case s.awaitsAccount():
		return s.readAccount(size, end)
	case s.account.Reading():
		return s.watchAccount(size, end)
	}
	return proxy.Continue
}

// RequestTrailers end a request's body, too. Without an answer here, a request that is
// held or that waits for an answer about its token would go on to the service.
func (s *Stream) RequestTrailers() proxy.Action {
	s.guess.End()
	s.shown()
	switch {
	case s.replied, s.waits():
		return proxy.Pause
	case s.hold.held && len(s.hold.body) > 0:
		return s.release(len(s.hold.body), true)
	case s.hold.held:
		return s.release(s.hold.most, true)
	case s.awaitsAccount():
		return s.endAccount()
	}
	return proxy.Continue
}

// readsID tells whether the request's body is read before the request is refused: an
// MCP client understands only an answer with the id of its request.
func (s *Stream) readsID() bool {
	return s.filter.holding != holdingMissing && s.recipient.Form == refusal.JSONRPCForm && s.hold.readable
}

// collect keeps a piece of a held body of unknown size. The proxy shows it once: if it had
// to keep the body at hand, it would refuse one that is longer than its buffer with 413,
// before the filter sees how long it is.
func (s *Stream) collect(size int, end bool) proxy.Action {
	h := &s.hold
	if len(h.body)+size > h.most {
		h.body = nil
		return s.release(h.most+1, end)
	}
	if size > 0 {
		h.body = append(h.body, s.filter.host.RequestBody(0, size)...)
	}
	if !end && len(h.body) < h.most {
		return proxy.PauseStream
	}
	return s.release(len(h.body), end)
}

// release ends the wait for a held request's body. It refuses the request, unless the
// reason for that is gone. end tells whether the body is complete.
func (s *Stream) release(size int, end bool) proxy.Action {
	s.unhold()
	s.hold.held, s.hold.refused, s.hold.readable = false, false, false
	if size <= s.hold.most { // only a whole body is worth reading
		s.hold.size = size
	}
	s.readCall(end && size <= s.hold.most)
	action := s.check()
	switch {
	case s.replied:
		return action
	case s.waits() && s.hold.size > 0 && s.hold.body == nil:
		return proxy.Pause // the body stays at hand
	case s.waits():
		return proxy.PauseStream
	case s.awaitsAccount():
		return s.readAccount(size, end)
	case s.account.Reading():
		return s.watchAccount(size, end)
	}
	return action
}

// awaitsCall tells that the request is held for its body, which says what it calls. Where
// headers can be held, it is read before anything is asked about its caller: afterwards,
// the body could not be held any more.
func (s *Stream) awaitsCall() bool {
	return s.call.Awaits() && (s.filter.holding != holdingMissing || !s.identity.Open())
}

// awaitCall holds the request until its body was read. Where headers cannot be held, they
// go on, and only the body is held.
func (s *Stream) awaitCall() proxy.Action {
	s.hold.held = true
	return s.stopHeaders()
}

// readCall reads what the request calls, if all of its body is at hand.
func (s *Stream) readCall(whole bool) {
	switch {
	case !s.call.Awaits():
	case whole && s.hold.size > 0:
		s.call.Read(s.heldBody())
	case whole:
		s.call.Read(nil)
	default:
		s.call.TooLarge()
	}
}

// heldBody returns the body that was held for the reply, nil if it is not available.
func (s *Stream) heldBody() []byte {
	if s.hold.size == 0 {
		return nil
	}
	if s.hold.body != nil {
		return s.hold.body
	}
	return s.filter.host.RequestBody(0, s.hold.size)
}

// beginAccount looks for accounts in the query, and begins to look for them in the body.
// end tells whether the request has no body.
func (s *Stream) beginAccount(t *request.Target, d *request.Details, end bool) {
	rule, body := s.surface.attempt, credential.Body{}
	if !end && !request.Upgrades(t, d) {
		body = credential.NewBody(d.ContentType, d.ContentEncoding, rule.AwaitsAccount() && rule.InBody())
	}
	if body.IsJSON() && !body.Strict && s.surface.Kind == config.KindMCP {
		body = credential.Body{} // a message, which a refusal may have to be read for
	}
	s.account.Begin(s.surface.accounts, t.Path, body)
	if !body.Any() {
		s.closeAccount()
	}
}

// awaitsAccount tells whether the decision about the request needs its body, which has
// the account.
func (s *Stream) awaitsAccount() bool {
	return s.account.Reading() && s.surface.attempt.AwaitsAccount()
}

// awaitAccount holds the request until its body has shown the account. If headers cannot
// be held, it holds only the body.
func (s *Stream) awaitAccount() proxy.Action { return s.stopHeaders() }

// readAccount looks for the account in the part of the body that has come.
func (s *Stream) readAccount(size int, end bool) proxy.Action {
	s.account.FeedHeld(s.filter.host, size)
	if !end && !s.account.Settled() {
		return proxy.Pause
	}
	return s.endAccount()
}

// watchAccount looks for the account in a body that passes by.
func (s *Stream) watchAccount(size int, end bool) proxy.Action {
	s.account.Feed(s.filter.host, size)
	if end || s.account.Settled() {
		s.closeAccount()
	}
	return proxy.Continue
}

// closeAccount notes the accounts that a query or a body named as it passed by. A body
// that names one more than once has none.
func (s *Stream) closeAccount() {
	if accounts, flaw := s.account.End(); flaw == credential.Clear {
		s.attemptAll(accounts)
	}
}

func (s *Stream) attemptAll(accounts []string) {
	for _, account := range accounts {
		s.attempt.Account(account, true)
	}
}

// endAccount decides about a request whose account is known now, or cannot be known.
func (s *Stream) endAccount() proxy.Action {
	accounts, flaw := s.account.End()
	why, refused := refusal.Refusal{Reason: refusal.Malformed, Now: s.filter.host.Now()}, flaw != credential.Clear
	if !refused {
		s.attemptAll(accounts)
		if why, refused = attempt.Check(&s.attempt, &s.lockout); !refused {
			why, refused = s.attempt.TakeTurns()
		}
	}
	if !refused || !s.giveUp(&why) {
		if action := s.reserve(); action != proxy.PauseAll {
			return action
		}
		return proxy.Pause
	}
	if s.hold.headers { // otherwise the service has had the headers
		s.quota.GiveBack(why.Now)
	}
	if flaw != credential.Clear {
		return s.refuseMalformed(flaw.Words())
	}
	return s.refuse(&why, nil)
}
