package envoy

// InertModule returns a Wasm module that Envoy takes for a filter, and that does nothing.
// Envoy compiles Gatewarden for seconds; where only the rest of a configuration is of
// interest, this will do.
func InertModule() []byte {
	const function, memory = 0, 2
	export := func(name string, kind, index byte) []byte {
		return append(append([]byte{byte(len(name))}, name...), kind, index)
	}
	section := func(id, entries byte, content ...[]byte) []byte {
		body := []byte{entries}
		for _, c := range content {
			body = append(body, c...)
		}
		return append([]byte{id, byte(len(body))}, body...)
	}
	const i32, done = 0x7f, 0x0b
	module := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range [][]byte{
		section(1, 2, []byte{0x60, 0, 0}, []byte{0x60, 1, i32, 1, i32}), // types: nothing, and a number for a number
		section(3, 2, []byte{0, 1}),                                     // functions: one of each
		section(5, 1, []byte{0, 1}),                                     // a page of memory
		section(7, 3, export("memory", memory, 0), export("proxy_abi_version_0_2_1", function, 0), export("proxy_on_memory_allocate", function, 1)),
		section(10, 2, []byte{2, 0, done}, []byte{4, 0, 0x41, 0, done}), // which returns 0
	} {
		module = append(module, s...)
	}
	return module
}
