package wasmhost

// The filter asks the guest and reads its answer as Envoy does.

type requestFilter struct{ *stream }

func (f requestFilter) onHeaders(end bool) verdict {
	return f.onMap(OnRequestHeaders, RequestHeaders, func(g Guest, n int) (Action, error) {
		return g.OnRequestHeaders(f.id, n, end)
	}, f.headersVerdict)
}

func (f requestFilter) onData(size int, end bool) verdict {
	return f.onBody(OnRequestBody, func(g Guest) (Action, error) {
		return g.OnRequestBody(f.id, size, end)
	})
}

func (f requestFilter) onTrailers() verdict {
	return f.onMap(OnRequestTrailers, RequestTrailers, func(g Guest, n int) (Action, error) {
		return g.OnRequestTrailers(f.id, n)
	}, trailersVerdict)
}

type responseFilter struct{ *stream }

func (f responseFilter) onHeaders(end bool) verdict {
	if f.failReply {
		return goOn
	}
	return f.onMap(OnResponseHeaders, ResponseHeaders, func(g Guest, n int) (Action, error) {
		return g.OnResponseHeaders(f.id, n, end)
	}, f.headersVerdict)
}

func (f responseFilter) onData(size int, end bool) verdict {
	if f.failReply {
		return goOn
	}
	return f.onBody(OnResponseBody, func(g Guest) (Action, error) {
		return g.OnResponseBody(f.id, size, end)
	})
}

func (f responseFilter) onTrailers() verdict {
	if f.failReply {
		return goOn
	}
	return f.onMap(OnResponseTrailers, ResponseTrailers, func(g Guest, n int) (Action, error) {
		return g.OnResponseTrailers(f.id, n)
	}, trailersVerdict)
}

// onMap shows a map to the guest. It stays visible until the guest lets it go.
func (s *stream) onMap(c Callback, t MapType, f func(Guest, int) (Action, error), read func(Action) verdict) verdict {
	if s.failed() {
		return stopAll
	}
	s.visible[t] = s.maps[t]
	v := s.answer(c, read, stopAll, func(g Guest) (Action, error) { return f(g, s.maps[t].len()) })
	if v == goOn {
		delete(s.visible, t)
	}
	return v
}

func (s *stream) onBody(c Callback, f func(Guest) (Action, error)) verdict {
	if s.failed() {
		return stopDrop
	}
	return s.answer(c, dataVerdict, stopDrop, f)
}

// answer asks the guest and turns what it returns into a verdict. A local reply
// in the callback makes it stopped, whatever was returned.
func (s *stream) answer(c Callback, read func(Action) verdict, stopped verdict, f func(Guest) (Action, error)) verdict {
	action := Continue
	replied := s.ask(c, func(g Guest) (err error) {
		action, err = f(g)
		return err
	})
	if s.failed() || replied {
		return stopped
	}
	return read(action)
}

// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/context.cc
// (convertVmCallResultToFilterHeadersStatus): without the option a pause in
// headers stops everything behind them too.
func (s *stream) headersVerdict(a Action) verdict {
	switch {
	case a == Continue || a == 2: // 2 would end the stream, which Envoy does not do for Wasm
		return goOn
	case a == Pause && s.host.options.StopIteration:
		return stop
	}
	return stopAll
}

func dataVerdict(a Action) verdict {
	switch a {
	case Continue:
		return goOn
	case Pause:
		return stop
	case PauseStream:
		return stopStream
	}
	return stopDrop
}

func trailersVerdict(a Action) verdict {
	if a == Continue {
		return goOn
	}
	return stop
}
