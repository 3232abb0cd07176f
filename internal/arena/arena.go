// Package arena gives memory to the proxy for the results of host calls.
//
// The proxy asks for a block for each result: in a passing request four times,
// and mostly for a few bytes. An arena cuts the blocks from one buffer that each
// callback begins anew, so that neither the allocator nor the collector has work
// to do for a request that passes.
package arena

// size is room for the results of nearly every callback, in bytes: Envoy accepts
// 60 KiB of request headers, and few requests have more than 8.
const size = 16 << 10

// Arena is ready for use. It is not safe for concurrent use.
type Arena struct {
	buffer [size]byte
	used   int
}

// Take returns n bytes, which are anything, and nobody else's until Reset. There
// is an address even for none: Envoy takes 0 for a failure.
func (a *Arena) Take(n int) []byte {
	n = max(n, 1)
	if n > size-a.used {
		return make([]byte, n)
	}
	block := a.buffer[a.used : a.used+n : a.used+n]
	a.used += n
	return block
}

// Reset takes all blocks back.
func (a *Arena) Reset() { a.used = 0 }
