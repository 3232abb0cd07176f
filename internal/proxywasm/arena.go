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
// Its zero value is ready for use. It is not safe for concurrent use.
type arena struct {
	buffer [arenaSize]byte
	used   int
}

// take returns n bytes with any content, which are not given out again until reset.
// Even an empty block has an address, because Envoy takes 0 for a failure.
func (a *arena) take(n int) []byte {
	n = max(n, 1)
	if n > arenaSize-a.used {
		return make([]byte, n)
	}
	block := a.buffer[a.used : a.used+n : a.used+n]
	a.used += n
	return block
}

// reset reclaims all blocks.
func (a *arena) reset() { a.used = 0 }
