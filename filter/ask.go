package filter

import (
	"github.com/gatewarden/gatewarden/filter/oauth"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// serve answers with a metadata document. The request waits if it is that of an
// authorization server that must be asked first.
func (s *Stream) serve(d *oauth.Document, method string) proxy.Action {
	reply := d.Reply(method)
	if reply == nil {
		reply = s.document.Await(d, s.described)
	}
	if reply == nil {
		return proxy.PauseAll
	}
	return s.reply(reply)
}

// described ends the wait for a document. The oauth room calls it.
func (s *Stream) described(reply *proxy.Reply) {
	s.filter.host.Attend(s.ID)
	s.reply(reply)
}

// ask holds the request until an authorization server has verified its token. The body
// waits at the sender: the filter does not see it, and the proxy does not hold all of it.
// If a refusal needs the body, it is read first.
func (s *Stream) ask() proxy.Action {
	if s.readFirst() {
		return s.stopHeaders()
	}
	if s.identity.Ask(s.told, &s.client) {
		return proxy.PauseAll
	}
	return s.goOn()
}

// readFirst holds the request for its body, if that is read before the request waits.
// Otherwise the body cannot be held from now on, until the headers have gone on.
func (s *Stream) readFirst() (held bool) {
	s.hold.held = s.readsID() && !s.account.Reading()
	s.hold.refused, s.hold.readable = s.hold.held, s.hold.readable && s.hold.held
	return s.hold.held
}

// told ends the wait for the answer. The identity room calls it.
func (s *Stream) told() {
	s.filter.host.Attend(s.ID)
	s.goOn()
	s.resume()
}

// resume lets the request go on, unless it was refused, or waits for something else.
func (s *Stream) resume() {
	// A request that waits for its account now does so without its headers: they
	// cannot be held any more for the sake of the body.
	if !s.replied && !s.waits() {
		s.guess.Released()
		s.hold.headers = false
		s.filter.host.Resume()
	}
}

// wait holds the request until earlier ones of its client were answered, its body as
// [Stream.ask] does.
func (s *Stream) wait() proxy.Action {
	if s.readFirst() {
		return s.stopHeaders()
	}
	s.burst.Wait(s.called)
	return proxy.PauseAll
}

// called ends the wait for earlier requests. The burst room calls it.
func (s *Stream) called(mayRefuse bool) (refused bool) {
	s.filter.host.Attend(s.ID)
	why, refused := s.decide()
	if !refused || mayRefuse {
		s.follow(&why, refused)
		s.resume()
	}
	return refused
}

// waits tells whether the request waits for any answer.
func (s *Stream) waits() bool {
	return s.identity.Waits() || s.burst.Waits() || s.document.Waits() || s.budget.Waits() || s.fleet.Waits()
}

// reserve lets the request go on when the fleet and a quota service have counted what it
// costs. That comes last: what is refused anyway must not use up a budget.
func (s *Stream) reserve() proxy.Action {
	if s.askFleet() {
		return proxy.PauseAll
	}
	return s.followFleet()
}

// pay lets the request go on when a quota service has reserved what it costs.
func (s *Stream) pay() proxy.Action {
	// Without Asks, each request would allocate what Ask is called with.
	if !s.bypass.Granted() && s.budget.Asks() && s.budget.Ask(s.reserved, &s.identity.Identity, s.call.AppendCalls) {
		return proxy.PauseAll
	}
	return s.passIfPaid()
}

// reserved ends the wait for the quota service. The budget room calls it.
func (s *Stream) reserved() {
	s.filter.host.Attend(s.ID)
	s.passIfPaid()
	s.resume()
}

// passIfPaid does what the quota service has said.
func (s *Stream) passIfPaid() proxy.Action {
	why, refused := s.budget.Check()
	if refused && s.budget.IsShadow() {
		s.watchLimit(&why)
		refused = false
	}
	if !refused {
		return s.pass()
	}
	s.lockout.Release(why.Now)
	s.concurrency.Leave(why.Now)
	s.quota.GiveBack(why.Now)
	s.fleet.GiveBack()
	return s.refuse(&why, s.heldBody())
}

// goOn decides about the request when the answer about its token is known.
func (s *Stream) goOn() proxy.Action {
	if s.identity.HasMore() {
		s.identify(s.filter.host.RequestHeaders())
	}
	return s.check()
}
