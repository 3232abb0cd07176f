//go:build wasip1 || tinygo

// Package abi is what the guests of the benchmark need of proxy-wasm: the host
// calls under measurement, as thin as they can be, and the two exports without
// which Envoy takes no module.
// See https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.0
package abi

import "unsafe"

//go:wasmimport env proxy_get_header_map_pairs
func getHeaderMapPairs(kind uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_value
func getHeaderMapValue(kind uint32, key unsafe.Pointer, keySize uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_property
func getProperty(path unsafe.Pointer, pathSize uint32, data, size unsafe.Pointer) uint32

//go:wasmimport env proxy_get_shared_data
func getSharedData(key unsafe.Pointer, keySize uint32, data, size, cas unsafe.Pointer) uint32

const (
	ok       = 0
	notFound = 1

	requestHeaders  = 0
	responseHeaders = 2
)

// slot takes the results of a host call. The host writes 32 bits; under standard
// Go, whose pointers have 64 in memory, it fills the low halves.
var slot struct {
	data unsafe.Pointer
	size uintptr
	cas  uint32
}

func data() unsafe.Pointer { return unsafe.Pointer(&slot.data) }
func size() unsafe.Pointer { return unsafe.Pointer(&slot.size) }

func pointer(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

// RequestHeaders fetches all request headers and returns how many bytes they are.
func RequestHeaders() uintptr {
	must(getHeaderMapPairs(requestHeaders, data(), size()))
	return slot.size
}

// Property fetches a property of the stream.
func Property(path string) uintptr {
	must(getProperty(pointer(path), uint32(len(path)), data(), size()))
	return slot.size
}

// SharedData looks up a key that is not there.
func SharedData(key string) {
	if getSharedData(pointer(key), uint32(len(key)), data(), size(), unsafe.Pointer(&slot.cas)) != notFound {
		panic("shared data has the key")
	}
}

// Status fetches the :status of the response.
func Status() uintptr {
	const name = ":status"
	must(getHeaderMapValue(responseHeaders, pointer(name), uint32(len(name)), data(), size()))
	return slot.size
}

// must keeps the benchmark from measuring errors: a trap is an answer of 503,
// which it does not expect.
func must(status uint32) {
	if status != ok {
		panic("a host call failed")
	}
}
