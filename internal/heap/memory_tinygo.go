//go:build tinygo

package heap

import "unsafe"

// memory is the memory of the VM. Its zero value is ready for use.
type memory struct{}

// at returns the address as a pointer.
func (memory) at(address uint32) unsafe.Pointer { return unsafe.Pointer(uintptr(address)) }

// extent returns where the heap can begin, and where the memory ends. The linker places
// the stack first, then the globals, then the heap.
func (memory) extent() (start, end uint32) {
	return symbolHeap(), uint32(memorySize(0)) * growth
}

// grow adds n times 64 KiB. It fails beyond the proxy's limit.
func (memory) grow(n uint32) bool { return memoryGrow(0, int32(n)) != -1 }

// roots returns where the globals begin and end. Constants are among them.
func (memory) roots() (start, end uint32) { return symbolGlobals() &^ 3, symbolHeap() }

//export llvm.wasm.memory.size.i32
func memorySize(index int32) int32

//export llvm.wasm.memory.grow.i32
func memoryGrow(index, delta int32) int32

//go:extern __global_base
var globalBase [0]byte

//go:extern __heap_base
var heapBase [0]byte

// TinyGo 0.33 fails if it sees the address of a linker's symbol while it runs
// initializers at compile time. It does not look into functions that are not inlined.

//go:noinline
func symbolGlobals() uint32 { return uint32(uintptr(unsafe.Pointer(&globalBase))) }

//go:noinline
func symbolHeap() uint32 { return uint32(uintptr(unsafe.Pointer(&heapBase))) }
