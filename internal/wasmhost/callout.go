package wasmhost

import (
	"slices"
	"strconv"
	"time"
)

// HTTPCall is a callout that a guest asked for.
type HTTPCall struct {
	Cluster  string
	Headers  [][2]string
	Body     []byte
	Trailers [][2]string
	Timeout  time.Duration
}

// Header returns the first line of a name, or nothing.
func (c HTTPCall) Header(name string) string {
	value, _ := newHeaderMap(nil, c.Headers...).get(name)
	return value
}

// callouts are those of one VM.
type callouts struct {
	asked  []HTTPCall // also those that were refused
	lastID uint32
	owed   []callout
	// answered is the one whose answer the running callback is told.
	answered *callout
}

type callout struct {
	id, context uint32
	call        HTTPCall
	response    Response
}

// HTTPCalls returns the callouts asked for so far.
func (h *Host) HTTPCalls() []HTTPCall { return slices.Clone(h.callouts.asked) }

// SendHTTPCall makes a callout in the name of the context that host calls act on:
// it ends with that. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (Context::httpCall)
func (h *Host) SendHTTPCall(c HTTPCall) (id uint32, status Status) {
	h.callouts.asked = append(h.callouts.asked, c)
	if !slices.Contains(h.options.Clusters, c.Cluster) ||
		c.Header(":method") == "" || c.Header(":path") == "" || c.Header(":authority") == "" {
		return 0, BadArgument
	}
	context := uint32(rootID)
	if s := h.stream(); s != nil {
		context = s.id
	}
	h.callouts.lastID++
	h.callouts.owed = append(h.callouts.owed, callout{id: h.callouts.lastID, context: context, call: c})
	return h.callouts.lastID, OK
}

// answered is the answer that can be read now: only by the context that asked.
func (h *Host) answered() *callout {
	a := h.callouts.answered
	reader := uint32(rootID)
	if s := h.stream(); s != nil {
		reader = s.id
	}
	if a == nil || a.context != reader {
		return nil
	}
	return a
}

func (h *Host) answerMap(t MapType) *headerMap {
	a := h.answered()
	switch {
	case a == nil:
		return nil
	case t == CallResponseTrailers:
		return newHeaderMap(nil, a.response.Trailers...)
	}
	status := [2]string{":status", strconv.Itoa(a.response.Status)}
	return newHeaderMap(nil, append([][2]string{status}, a.response.Headers...)...)
}

// cancel forgets the callouts of a context that is no more.
func (h *Host) cancel(context uint32) {
	h.callouts.owed = slices.DeleteFunc(h.callouts.owed, func(c callout) bool { return c.context == context })
}

// Answer answers the oldest callout that waits for it, and tells whether there was
// one.
func (p *Proxy) Answer() bool {
	h := p.host
	if len(h.callouts.owed) == 0 || p.trapped != nil || !p.guest.Exports(OnHTTPCallResponse) {
		return false
	}
	a := h.callouts.owed[0]
	h.callouts.owed = h.callouts.owed[1:]
	a.response = h.options.Callout(a.call)
	size := 0
	for _, chunk := range a.response.Body {
		size += len(chunk)
	}
	h.callouts.answered = &a
	_, p.trapped = h.call(a.context, func() error {
		err := p.guest.OnHTTPCallResponse(a.context, a.id, 1+len(a.response.Headers), size, len(a.response.Trailers))
		h.callouts.answered = nil
		return err
	})
	return true
}
