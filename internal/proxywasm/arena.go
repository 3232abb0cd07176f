package proxywasm

// arenaSize holds the results of nearly every callback, in bytes: Envoy accepts
// 60 KiB of request headers, and few requests have more than 8.
const arenaSize = 16 << 10

// arena gives the proxy memory for the results of host calls.
//
// The proxy asks for a block for each result: four times in a passing request, and
// mostly for a few bytes. The arena cuts the blocks from one buffer that each
// callback uses from its start again, so that a passing request makes work neither
// for the allocator nor for the collector.
//
// A result that does not fit has a block of its own. The last such block serves again, so
// that large headers make little work for the collector, too.
//
// Its zero value is ready for use. It is not safe for concurrent use.
type arena struct {
	buffer [arenaSize]byte
	used   int
	// large is the block for a result that does not fit, and taken tells that it has one.
	large []byte
	taken bool
}

// maxLarge, in bytes, is the largest block that is kept. Envoy accepts at most 8 MiB of
// headers, and 60 KiB by default.
const maxLarge = 128 << 10

// take returns n bytes with any content, which are not given out again until reset.
// Even an empty block has an address, because Envoy takes 0 for a failure.
func (a *arena) take(n int) []byte {
	n = max(n, 1)
	if n > arenaSize-a.used {
		return a.takeLarge(n)
	}
	block := a.buffer[a.used : a.used+n : a.used+n]
	a.used += n
	return block
}

// takeLarge is take for a block that does not fit into the buffer.
func (a *arena) takeLarge(n int) []byte {
	if !a.taken && n <= len(a.large) {
		a.taken = true
		return a.large[:n:n]
	}
	block := make([]byte, n)
	if !a.taken && n <= maxLarge {
		a.large, a.taken = block, true
	}
	return block
}

// reset reclaims all blocks.
func (a *arena) reset() { a.used, a.taken = 0, false }
