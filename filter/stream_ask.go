package filter

import "github.com/gatewarden/gatewarden/config"

// ask holds the request until an authorization server has said whose its token is.
// Its body waits at the sender: it is neither shown to the filter nor held whole.
// Only where a refusal needs it, the body is read first.
func (s *Stream) ask(host Host) Action {
	if s.readsID() && s.form == nil {
		s.held = true
		return Pause
	}
	s.readable = false // from now on, until the headers have gone on
	f, q := s.filter, &s.inquiry
	if id, known := f.remembered(host, q.source, q.key); known {
		return s.told(host, id, true) // while the body was read
	}
	if f.lookUp(host, s) {
		return PauseAll
	}
	return s.told(host, identity{}, false)
}

// resume ends the wait for an answer.
func (s *Stream) resume(host Host, id identity, ok bool) {
	s.told(host, id, ok)
	// Who waits for an account now does so with the headers gone: they cannot be
	// held for the body's sake any more.
	if !s.replied && s.inquiry.lookup == nil {
		host.Resume()
	}
}

// told decides about a request by what was said of its token: of one that is not
// active, nothing. It is not ok if there was no answer.
func (s *Stream) told(host Host, id identity, ok bool) Action {
	q := &s.inquiry
	q.open, q.token = false, ""
	q.failed = q.failed || !ok && q.source.OnError == config.OnErrorDeny
	s.identity = id
	if !id.verified && q.next < len(s.filter.sources) {
		s.identify(host, host.RequestHeaders())
	}
	return s.check(host)
}
