//go:build !gatewarden_collect_always

package heap

// poison tells whether to collect before each callback, if anything was allocated since
// the last collection, and to overwrite what is freed.
const poison = false

func (h *Heap) poison(uint32, *page) {}
