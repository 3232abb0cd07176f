package proxywasm

import "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

// streamLists is how many lists the streams of a VM are spread over. Envoy numbers them one
// after the other, so the lists have the same length. It is a power of two.
const streamLists = 1024

// streamTable has the contexts of streams, by number. Each stream is put in and taken out
// once, which takes a map of TinyGo several times as long. Its zero value is ready for use.
type streamTable struct {
	lists [streamLists]*streamEntry
	idle  *streamEntry // those of streams that have ended, for streams to come
	// recent is the entry that was looked up last, nil if its stream has ended. Most
	// callbacks are for the same stream as the one before.
	recent *streamEntry
}

type streamEntry struct {
	id      uint32
	context types.HttpContext
	next    *streamEntry
}

// find returns the context of a stream, nil if there is none.
func (t *streamTable) find(id uint32) types.HttpContext {
	if t.recent != nil && t.recent.id == id {
		return t.recent.context
	}
	for e := t.lists[id%streamLists]; e != nil; e = e.next {
		if e.id == id {
			t.recent = e
			return e.context
		}
	}
	return nil
}

// add adds a stream that is not there.
func (t *streamTable) add(id uint32, context types.HttpContext) {
	e := t.idle
	if e == nil {
		e = &streamEntry{}
	} else {
		t.idle = e.next
	}
	list := &t.lists[id%streamLists]
	e.id, e.context, e.next = id, context, *list
	*list, t.recent = e, e
}

// remove removes a stream, if it is there.
func (t *streamTable) remove(id uint32) {
	t.recent = nil
	for at := &t.lists[id%streamLists]; *at != nil; at = &(*at).next {
		if e := *at; e.id == id {
			*at = e.next
			e.context, e.next, t.idle = nil, t.idle, e
			return
		}
	}
}
