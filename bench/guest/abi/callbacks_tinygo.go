//go:build tinygo && custommalloc

package abi

import "unsafe"

//export proxy_abi_version_0_2_0
func version() {}

// Envoy prefers malloc to proxy_on_memory_allocate, and TinyGo's own leaks what
// the host takes with it. See internal/proxywasm/exports_tinygo.go.
//
//export malloc
func libcMalloc(size uintptr) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}

//export free
func libcFree(unsafe.Pointer) {}
