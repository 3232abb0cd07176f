//go:build tinygo && gc.none

package heap

import "unsafe"

// TinyGo's runtime declares alloc without a body if it is built with -gc=none, and the
// compiler calls it for each allocation. See src/runtime/gc_none.go of TinyGo; the same in
// 0.33 and 0.39. Review with each TinyGo release.

// noPointers is the layout of objects without pointers. Other layouts say where the
// pointers are, or nothing, and are not used. See src/runtime/gc_precise.go of TinyGo.
const noPointers = 3

var (
	heap  Heap
	depth uint32 // of callbacks
	// empty is what objects without a byte have as their address.
	empty uint64
)

//go:noinline
//go:linkname alloc runtime.alloc
func alloc(size uintptr, layout unsafe.Pointer) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(&empty)
	}
	address := heap.Alloc(uint32(size), uintptr(layout) == noPointers)
	if address == 0 {
		runtimePanic("out of memory")
	}
	return unsafe.Pointer(uintptr(address))
}

//go:linkname runtimePanic runtime.runtimePanic
func runtimePanic(message string)

// Enter is what each callback begins with. If it is time for it, and the callback is not
// within another one, it collects: no function of Go is running then. The proxy calls
// back within a host call when it is given a reply, for instance.
func Enter() {
	if depth == 0 && (heap.Due() || poison && heap.used) {
		heap.Collect()
	}
	depth++
}

// Leave is what each callback ends with.
func Leave() { depth-- }
