package filter

import "github.com/gatewarden/gatewarden/mcp"

// RequestBody sees the body of a request whose headers are held. size is what
// is buffered so far.
func (s *Stream) RequestBody(host Host, size int, end bool) Action {
	switch {
	case s.replied:
		return Pause
	case s.held && !end && size < mcp.MaxRequest:
		return Pause
	case s.held:
		return s.release(host, size, end)
	case s.awaiting():
		return s.readForm(host, size, end)
	case s.form != nil:
		return s.watchForm(host, size, end)
	}
	return Continue
}

// RequestTrailers ends a request body, too. A held request that was not
// answered here would go on to the service.
func (s *Stream) RequestTrailers(host Host) Action {
	switch {
	case s.replied:
		return Pause
	case s.held:
		return s.release(host, mcp.MaxRequest, true)
	case s.awaiting():
		return s.endForm(host)
	}
	return Continue
}

// readForm looks for the account in what has come of the body.
func (s *Stream) readForm(host Host, size int, end bool) Action {
	if size > s.formRead {
		s.form.feed(host.RequestBody(s.formRead, size-s.formRead))
		s.formRead = size
	}
	if !end && !s.form.bad {
		return Pause
	}
	return s.endForm(host)
}

// watchForm looks for the account in a body that passes by.
func (s *Stream) watchForm(host Host, size int, end bool) Action {
	if size > 0 {
		s.form.feed(host.RequestBody(0, size))
	}
	if end || s.form.bad {
		s.closeForm()
	}
	return Continue
}

// closeForm notes the account that a form named as it passed by. One that names
// it more than once has none.
func (s *Stream) closeForm() {
	account, ok := s.form.end()
	s.form = nil
	if ok {
		s.attemptAccount(account, true)
	}
}

// endForm decides about a request whose account is known now, or will not be.
func (s *Stream) endForm(host Host) Action {
	account, ok := s.form.end()
	s.form = nil
	why, refused := refusal{reason: ReasonMalformed, now: host.Now()}, !ok
	if ok {
		s.attemptAccount(account, true)
		if why, refused = s.checkKeys(host); !refused {
			why, refused = s.takeTurns(host)
		}
	}
	if !refused || !s.giveUp(host, &why) {
		return s.pass()
	}
	if s.filter.config.HeadersStopIteration { // or the service has had the headers
		s.giveBack(s.charges, why.now)
	}
	if !ok {
		return s.refuseMalformed(host, malformedForm)
	}
	return s.refuse(host, &why, nil)
}

// release ends the wait for a held request's body: with the refusal, unless
// there is no reason for it any more. end tells that all of the body has come.
func (s *Stream) release(host Host, size int, end bool) Action {
	s.held = false
	why, refused := s.decide(host)
	switch {
	case !refused && s.awaiting():
		return s.readForm(host, size, end)
	case !refused && s.form != nil:
		s.pass()
		return s.watchForm(host, size, end)
	case !refused:
		return s.pass()
	}
	s.form = nil
	var request []byte
	if size > 0 && size <= mcp.MaxRequest { // only a whole body is worth reading
		request = host.RequestBody(0, size)
	}
	return s.refuse(host, &why, request)
}
