//go:build tinygo && custommalloc

package main

import "unsafe"

// Envoy takes memory for the results of host calls from the exported malloc.
// TinyGo's own keeps each block until free, which nobody calls: a leak on every
// host call. These leave the blocks to the collector. They need the build tag
// custommalloc, which keeps TinyGo's out.
//
// Seen with TinyGo 0.33; see
// https://github.com/tetratelabs/proxy-wasm-go-sdk/issues/349. To be looked at
// again with each TinyGo release.

//export malloc
func libcMalloc(size uintptr) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}

//export free
func libcFree(unsafe.Pointer) {}
