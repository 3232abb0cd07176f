//go:build wasip1 && !tinygo

package stdgo

import "unsafe"

//go:linkname registerHost github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.RegisterMockWasmHost
func registerHost(hostInterface) func()

//go:linkname sdkOnVMStart github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnVMStart
func sdkOnVMStart(uint32, int) bool

//go:linkname sdkOnConfigure github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnConfigure
func sdkOnConfigure(uint32, int) bool

//go:linkname sdkOnContextCreate github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnContextCreate
func sdkOnContextCreate(uint32, uint32)

//go:linkname sdkOnTick github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnTick
func sdkOnTick(uint32)

//go:linkname sdkOnRequestHeaders github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnRequestHeaders
func sdkOnRequestHeaders(uint32, int, bool) uint32

//go:linkname sdkOnRequestBody github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnRequestBody
func sdkOnRequestBody(uint32, int, bool) uint32

//go:linkname sdkOnRequestTrailers github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnRequestTrailers
func sdkOnRequestTrailers(uint32, int) uint32

//go:linkname sdkOnResponseHeaders github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnResponseHeaders
func sdkOnResponseHeaders(uint32, int, bool) uint32

//go:linkname sdkOnResponseBody github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnResponseBody
func sdkOnResponseBody(uint32, int, bool) uint32

//go:linkname sdkOnResponseTrailers github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnResponseTrailers
func sdkOnResponseTrailers(uint32, int) uint32

//go:linkname sdkOnLog github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnLog
func sdkOnLog(uint32)

//go:linkname sdkOnDone github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnDone
func sdkOnDone(uint32) bool

//go:linkname sdkOnDelete github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal.ProxyOnDelete
func sdkOnDelete(uint32)

func init() { registerHost(host{}) }

//go:wasmexport proxy_abi_version_0_2_0
func abiVersion() {}

// allocate serves the host, which copies the result of a host call into the
// block and hands its address to the caller. Nothing of Go runs in between, so
// nothing can collect the block before the caller holds it.
//
//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
}

//go:wasmexport proxy_on_vm_start
func onVMStart(id, configurationSize uint32) bool { return sdkOnVMStart(id, int(configurationSize)) }

//go:wasmexport proxy_on_configure
func onConfigure(id, configurationSize uint32) bool {
	return sdkOnConfigure(id, int(configurationSize))
}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) { sdkOnContextCreate(id, parent) }

//go:wasmexport proxy_on_tick
func onTick(id uint32) { sdkOnTick(id) }

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, count uint32, end bool) uint32 {
	return sdkOnRequestHeaders(id, int(count), end)
}

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 { return sdkOnRequestBody(id, int(size), end) }

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, count uint32) uint32 { return sdkOnRequestTrailers(id, int(count)) }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, count uint32, end bool) uint32 {
	return sdkOnResponseHeaders(id, int(count), end)
}

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 { return sdkOnResponseBody(id, int(size), end) }

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, count uint32) uint32 { return sdkOnResponseTrailers(id, int(count)) }

//go:wasmexport proxy_on_log
func onLog(id uint32) { sdkOnLog(id) }

//go:wasmexport proxy_on_done
func onDone(id uint32) bool { return sdkOnDone(id) }

//go:wasmexport proxy_on_delete
func onDelete(id uint32) { sdkOnDelete(id) }
