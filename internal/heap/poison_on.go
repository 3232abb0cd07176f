//go:build gatewarden_collect_always

package heap

// poison tells whether to collect before each callback, if anything was allocated since
// the last collection, and to overwrite what is freed.
// So a test that uses a freed object sees that.
const poison = true

// poison overwrites what is not marked on page i, or the large object that begins there.
func (h *Heap) poison(i uint32, p *page) {
	address := h.address(i)
	for slot := uint32(0); slot == 0 || p.use == small && slot < pageSize/p.size; slot++ {
		if p.marks[slot/32%8]>>(slot%32)&1 == 0 {
			for j := uint32(0); j < p.size; j += 4 {
				*(*uint32)(h.memory.at(address + slot*p.size + j)) = 0xdbdbdbdb
			}
		}
	}
}
