//go:build tinygo && custommalloc

package proxywasm

import "unsafe"

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
func onContextCreate(id, parent uint32) { contextCreate(id, parent) }

//export proxy_on_vm_start
func onVMStart(_, size uint32) bool { return vmStart(size) }

//export proxy_on_configure
func onConfigure(id, size uint32) bool { return configure(id, size) }

//export proxy_on_tick
func onTick(id uint32) { tick(id) }

//export proxy_on_done
func onDone(id uint32) bool { return done(id) }

//export proxy_on_request_headers
func onRequestHeaders(id, n uint32, end bool) uint32 { return uint32(requestHeaders(id, n, end)) }

//export proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 { return uint32(requestBody(id, size, end)) }

//export proxy_on_request_trailers
func onRequestTrailers(id, n uint32) uint32 { return uint32(requestTrailers(id, n)) }

//export proxy_on_response_headers
func onResponseHeaders(id, n uint32, end bool) uint32 { return uint32(responseHeaders(id, n, end)) }

//export proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 { return uint32(responseBody(id, size, end)) }

//export proxy_on_response_trailers
func onResponseTrailers(id, n uint32) uint32 { return uint32(responseTrailers(id, n)) }

//export proxy_on_http_call_response
func onHTTPCallResponse(id, number, headers, body, trailers uint32) {
	httpCallResponse(id, number, headers, body, trailers)
}

//export proxy_on_grpc_receive
func onGRPCReceive(id, number, size uint32) { grpcReceive(id, number, size) }

//export proxy_on_grpc_close
func onGRPCClose(id, number, status uint32) { grpcClose(id, number, status) }
