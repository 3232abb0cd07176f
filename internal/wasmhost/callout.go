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
	// answered is the answer that the running callback is told, in any context.
	answered *Response
}

type callout struct {
	id   uint32
	call HTTPCall
}

// HTTPCalls returns the callouts asked for so far.
func (h *Host) HTTPCalls() []HTTPCall { return slices.Clone(h.callouts.asked) }

// SendHTTPCall makes a callout. It belongs to the plugin, not to the stream that asks for
// it: it continues when the stream ends, and the root context gets the response. See
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (Context::httpCall)
func (h *Host) SendHTTPCall(c HTTPCall) (id uint32, status Status) {
	h.callouts.asked = append(h.callouts.asked, c)
	if !slices.Contains(h.options.Clusters, c.Cluster) ||
		c.Header(":method") == "" || c.Header(":path") == "" || c.Header(":authority") == "" {
		return 0, BadArgument
	}
	h.callouts.lastID++
	h.callouts.owed = append(h.callouts.owed, callout{h.callouts.lastID, c})
	return h.callouts.lastID, OK
}

func (h *Host) answerMap(t MapType) *headerMap {
	a := h.callouts.answered
	switch {
	case a == nil:
		return nil
	case t == CallResponseTrailers:
		return newHeaderMap(nil, a.Trailers...)
	}
	status := [2]string{":status", strconv.Itoa(a.Status)}
	return newHeaderMap(nil, append([][2]string{status}, a.Headers...)...)
}

// Answer answers the oldest callout that waits for it, and tells whether there was
// one.
func (p *Proxy) Answer() bool {
	h := p.host
	if len(h.callouts.owed) == 0 || p.trapped != nil || !p.guest.Exports(OnHTTPCallResponse) {
		return false
	}
	owed := h.callouts.owed[0]
	h.callouts.owed = h.callouts.owed[1:]
	answer := h.options.Callout(owed.call)
	size := 0
	for _, chunk := range answer.Body {
		size += len(chunk)
	}
	_, p.trapped = h.call(rootID, func() error {
		h.callouts.answered = &answer
		defer func() { h.callouts.answered = nil }()
		return p.guest.OnHTTPCallResponse(rootID, owed.id, 1+len(answer.Headers), size, len(answer.Trailers))
	})
	return true
}
