//go:build tinygo && custommalloc

package main

import "unsafe"

// Envoy takes memory for the results of host calls from the exported malloc.
// TinyGo's own keeps each block until free, which nobody calls: a leak on every
// host call. These give the blocks back when the next callback begins. They need
// the build tag custommalloc, which keeps TinyGo's out, and a program that uses
// nothing of the C library that keeps what it took, such as its environment or its
// files: see environment in host.go.
//
// Seen with TinyGo 0.33; see
// https://github.com/tetratelabs/proxy-wasm-go-sdk/issues/349. To be looked at
// again with each TinyGo release.

//export malloc
func libcMalloc(size uintptr) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(results.Take(int(size))))
}

//export free
func libcFree(unsafe.Pointer) {}

//export proxy_abi_version_0_2_0
func onABIVersion() {}

//export proxy_on_context_create
func onContextCreate(id, parent uint32) { contextCreate(id, parent) }

//export proxy_on_vm_start
func onVMStart(_, _ uint32) bool { return true }

//export proxy_on_configure
func onConfigure(id, size uint32) bool { return configure(id, size) }

//export proxy_on_tick
func onTick(id uint32) { tick(id) }

//export proxy_on_done
func onDone(id uint32) bool { done(id); return true }

//export proxy_on_request_headers
func onRequestHeaders(id, _ uint32, end bool) uint32 { return uint32(requestHeaders(id, end)) }

//export proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 { return uint32(requestBody(id, size, end)) }

//export proxy_on_request_trailers
func onRequestTrailers(id, _ uint32) uint32 { return uint32(requestTrailers(id)) }

//export proxy_on_response_headers
func onResponseHeaders(id, _ uint32, end bool) uint32 { responseHeaders(id, end); return 0 }

//export proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 { responseBody(id, size, end); return 0 }

//export proxy_on_response_trailers
func onResponseTrailers(id, _ uint32) uint32 { responseTrailers(id); return 0 }

//export proxy_on_http_call_response
func onHTTPCallResponse(id, number, _, size, _ uint32) { httpCallResponse(id, number, size) }
