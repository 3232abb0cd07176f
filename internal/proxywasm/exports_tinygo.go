//go:build tinygo && custommalloc

package proxywasm

import (
	"unsafe"

	"github.com/gatewarden/gatewarden/internal/heap"
)

// Envoy allocates memory for the results of host calls through the exported malloc.
// TinyGo's own malloc keeps each block until free is called, which Envoy never does: every
// host call leaks. The two functions below take the blocks from the arena, which
// reclaims them when the next callback begins. They need the build tag custommalloc,
// which leaves TinyGo's out, and a program that uses nothing of the C library that
// keeps its memory, such as its environment or its files: see Host.Environment.
//
// Seen with TinyGo 0.33; see
// https://github.com/tetratelabs/proxy-wasm-go-sdk/issues/349. Review with each
// TinyGo release.

//export malloc
func libcMalloc(size uintptr) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(results.take(int(size))))
}

//export free
func libcFree(unsafe.Pointer) {}

//export proxy_abi_version_0_2_0
func onABIVersion() {}

//export proxy_on_context_create
func onContextCreate(id, parent uint32) {
	heap.Enter()
	contextCreate(id, parent)
	heap.Leave()
}

//export proxy_on_vm_start
func onVMStart(_, size uint32) bool {
	heap.Enter()
	result := vmStart(size)
	heap.Leave()
	return result
}

//export proxy_on_configure
func onConfigure(id, size uint32) bool {
	heap.Enter()
	result := configure(id, size)
	heap.Leave()
	return result
}

//export proxy_on_tick
func onTick(id uint32) {
	heap.Enter()
	tick(id)
	heap.Leave()
}

//export proxy_on_done
func onDone(id uint32) bool {
	heap.Enter()
	result := done(id)
	heap.Leave()
	return result
}

//export proxy_on_request_headers
func onRequestHeaders(id, n uint32, end bool) uint32 {
	heap.Enter()
	result := uint32(requestHeaders(id, n, end))
	heap.Leave()
	return result
}

//export proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 {
	heap.Enter()
	result := uint32(requestBody(id, size, end))
	heap.Leave()
	return result
}

//export proxy_on_request_trailers
func onRequestTrailers(id, n uint32) uint32 {
	heap.Enter()
	result := uint32(requestTrailers(id, n))
	heap.Leave()
	return result
}

//export proxy_on_response_headers
func onResponseHeaders(id, n uint32, end bool) uint32 {
	heap.Enter()
	result := uint32(responseHeaders(id, n, end))
	heap.Leave()
	return result
}

//export proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 {
	heap.Enter()
	result := uint32(responseBody(id, size, end))
	heap.Leave()
	return result
}

//export proxy_on_response_trailers
func onResponseTrailers(id, n uint32) uint32 {
	heap.Enter()
	result := uint32(responseTrailers(id, n))
	heap.Leave()
	return result
}

//export proxy_on_http_call_response
func onHTTPCallResponse(id, number, headers, body, trailers uint32) {
	heap.Enter()
	httpCallResponse(id, number, headers, body, trailers)
	heap.Leave()
}

//export proxy_on_grpc_receive
func onGRPCReceive(id, number, size uint32) {
	heap.Enter()
	grpcReceive(id, number, size)
	heap.Leave()
}

//export proxy_on_grpc_close
func onGRPCClose(id, number, status uint32) {
	heap.Enter()
	grpcClose(id, number, status)
	heap.Leave()
}
