//go:build wasip1 && !tinygo && go1.24

package proxywasm

import "unsafe"

// onMemoryAllocate gives the proxy a block for the result of a host call. The proxy
// copies the result into it and passes its address to the caller. No Go code runs in
// between, so the block cannot be collected before the caller holds it.
//
//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(results.take(int(size))))
}

//go:wasmexport proxy_abi_version_0_2_0
func onABIVersion() {}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) { contextCreate(id, parent) }

//go:wasmexport proxy_on_vm_start
func onVMStart(_, size uint32) bool { return vmStart(size) }

//go:wasmexport proxy_on_configure
func onConfigure(id, size uint32) bool { return configure(id, size) }

//go:wasmexport proxy_on_tick
func onTick(id uint32) { tick(id) }

//go:wasmexport proxy_on_done
func onDone(id uint32) bool { return done(id) }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, n uint32, end bool) uint32 { return uint32(requestHeaders(id, n, end)) }

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 { return uint32(requestBody(id, size, end)) }

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, n uint32) uint32 { return uint32(requestTrailers(id, n)) }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, n uint32, end bool) uint32 { return uint32(responseHeaders(id, n, end)) }

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 { return uint32(responseBody(id, size, end)) }

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, n uint32) uint32 { return uint32(responseTrailers(id, n)) }

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(id, number, headers, body, trailers uint32) {
	httpCallResponse(id, number, headers, body, trailers)
}

//go:wasmexport proxy_on_grpc_receive
func onGRPCReceive(id, number, size uint32) { grpcReceive(id, number, size) }

//go:wasmexport proxy_on_grpc_close
func onGRPCClose(id, number, status uint32) { grpcClose(id, number, status) }
