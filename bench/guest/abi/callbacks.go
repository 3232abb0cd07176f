//go:build wasip1 && !tinygo && go1.24

package abi

import "unsafe"

//go:wasmexport proxy_abi_version_0_2_0
func version() {}

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}
