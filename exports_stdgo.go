//go:build wasip1 && !tinygo

package main

import "unsafe"

// onMemoryAllocate serves the proxy, which copies the result of a host call into
// the block and hands its address to the caller. Nothing of Go runs in between, so
// nothing can collect the block before the caller holds it.
//
//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(results.Take(int(size))))
}

//go:wasmexport proxy_abi_version_0_2_0
func onABIVersion() {}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) { contextCreate(id, parent) }

//go:wasmexport proxy_on_vm_start
func onVMStart(_, _ uint32) bool { return true }

//go:wasmexport proxy_on_configure
func onConfigure(id, size uint32) bool { return configure(id, size) }

//go:wasmexport proxy_on_tick
func onTick(id uint32) { tick(id) }

//go:wasmexport proxy_on_done
func onDone(id uint32) bool { done(id); return true }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, _ uint32, end bool) uint32 { return uint32(requestHeaders(id, end)) }

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 { return uint32(requestBody(id, size, end)) }

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, _ uint32) uint32 { return uint32(requestTrailers(id)) }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, _ uint32, end bool) uint32 { responseHeaders(id, end); return 0 }

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 { responseBody(id, size, end); return 0 }

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, _ uint32) uint32 { responseTrailers(id); return 0 }

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(id, number, _, size, _ uint32) { httpCallResponse(id, number, size) }
