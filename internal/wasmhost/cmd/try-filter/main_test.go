package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// What "make build" makes passes.
func TestTheFilter(t *testing.T) {
	const build = "../../../../build"
	files := []string{"go/gatewarden.wasm"}
	if _, err := os.Stat(filepath.Join(build, "tinygo/gatewarden.wasm")); err == nil {
		files = append(files, "tinygo/gatewarden.wasm")
	}
	for _, file := range files {
		var out strings.Builder
		if code := run([]string{filepath.Join(build, file)}, &out); code != 0 {
			t.Errorf("%s: exit code %d: %s\nThis test needs the filter as Wasm: run \"make test\", or scripts/build-filter go build/go/gatewarden.wasm", file, code, out.String())
		}
	}
}

// Modules that no proxy should get are refused.
func TestBrokenModules(t *testing.T) {
	for _, row := range []struct {
		name string
		wasm []byte
		want string // in what is said
	}{
		{"not Wasm", []byte("not Wasm"), "a proxy cannot load it: "},
		{"no version of the ABI", module(func(f []function) []function { return without(f, "proxy_abi_version_0_2_0") }), "does not export proxy_abi_version_0_2_0"},
		{"no memory for results", module(func(f []function) []function { return without(f, "malloc") }), "exports neither malloc nor"},
		{"a callback is missing", module(func(f []function) []function { return without(f, "proxy_on_tick") }), "does not export proxy_on_tick\nEach compiler has its list"},
		// What TinyGo 0.34 and newer make by the build line of 0.33.
		{"ends when main returns", module(func(f []function) []function { return append(f, function{name: "_start", body: exit}) }),
			"a proxy could not start it: instantiation trapped: _start: module closed with exit_code(0)\nThe instance ends when main returns: TinyGo 0.34 and newer need -buildmode=c-shared"},
		{"refuses its configuration", module(with("proxy_on_configure", []byte{0x41, 0})), "proxy_on_configure refused\nIf the tests pass"},
		{"traps at its start", module(with("proxy_on_vm_start", []byte{0x00})), "proxy_on_vm_start trapped: "},
		{"traps in a request", module(with("proxy_on_request_headers", []byte{0x00})), "it traps: proxy_on_request_headers: "},
		{"does nothing", module(nil), "status 401, reached the service true, counted as a failure 0 times\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.wasm")
			if err := os.WriteFile(file, row.wasm, 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if code := run([]string{file}, &out); code != 1 || !strings.Contains(out.String(), row.want) {
				t.Errorf("exit code %d: %s\nwant %s", code, out.String(), row.want)
			}
		})
	}
}

// The callbacks that are asked for are those that the filter exports.
func TestCallbacksAreTheFilters(t *testing.T) {
	source, err := os.ReadFile("../../../proxywasm/exports_stdgo.go")
	if err != nil {
		t.Fatal(err)
	}
	var exported, want []string
	for _, m := range regexp.MustCompile(`//go:wasmexport (proxy_on_\w+)`).FindAllSubmatch(source, -1) {
		if name := string(m[1]); name != "proxy_on_memory_allocate" {
			exported = append(exported, name)
		}
	}
	for _, c := range callbacks {
		want = append(want, string(c))
	}
	slices.Sort(exported)
	slices.Sort(want)
	if !slices.Equal(exported, want) {
		t.Errorf("the filter exports %q, tried are %q", exported, want)
	}
}

// function is one that a module exports.
type function struct {
	name   string
	params int
	result bool
	body   []byte
}

// exit is a call of the one import, proc_exit(0).
var exit = []byte{0x41, 0, 0x10, 0}

// module returns a module that a proxy takes, and that does nothing, after a change.
func module(change func([]function) []function) []byte {
	one := []byte{0x41, 1} // i32.const 1
	functions := []function{
		{"proxy_abi_version_0_2_0", 0, false, nil}, {"malloc", 1, true, one},
		{"proxy_on_context_create", 2, false, nil}, {"proxy_on_vm_start", 2, true, one}, {"proxy_on_configure", 2, true, one},
		{"proxy_on_tick", 1, false, nil}, {"proxy_on_done", 1, true, one}, {"proxy_on_http_call_response", 5, false, nil},
		{"proxy_on_grpc_receive", 3, false, nil}, {"proxy_on_grpc_close", 3, false, nil},
	}
	goOn := []byte{0x41, 0}
	for _, c := range []wasmhost.Callback{wasmhost.OnRequestHeaders, wasmhost.OnRequestBody, wasmhost.OnResponseHeaders, wasmhost.OnResponseBody} {
		functions = append(functions, function{string(c), 3, true, goOn})
	}
	for _, c := range []wasmhost.Callback{wasmhost.OnRequestTrailers, wasmhost.OnResponseTrailers} {
		functions = append(functions, function{string(c), 2, true, goOn})
	}
	if change != nil {
		functions = change(functions)
	}
	return encode(functions)
}

func without(functions []function, name string) []function {
	return slices.DeleteFunc(functions, func(f function) bool { return f.name == name })
}

func with(name string, body []byte) func([]function) []function {
	return func(functions []function) []function {
		for i := range functions {
			if functions[i].name == name {
				functions[i].body = body
			}
		}
		return functions
	}
}

// encode writes a module: https://webassembly.github.io/spec/core/binary/modules.html
func encode(functions []function) []byte {
	const i32 = 0x7F
	types, indices, exports, code := [][]byte{{0x60, 1, i32, 0}}, [][]byte(nil), [][]byte{append(name("memory"), 2, 0)}, [][]byte(nil)
	for i, f := range functions {
		t := append([]byte{0x60, byte(f.params)}, bytes.Repeat([]byte{i32}, f.params)...)
		if f.result {
			t = append(t, 1, i32)
		} else {
			t = append(t, 0)
		}
		types = append(types, t)
		indices = append(indices, []byte{byte(i + 1)})
		exports = append(exports, append(name(f.name), 0, byte(i+1)))
		code = append(code, sized(slices.Concat([]byte{0}, f.body, []byte{0x0B})))
	}
	imports := [][]byte{append(append(name("wasi_snapshot_preview1"), name("proc_exit")...), 0, 0)}
	wasm := []byte("\x00asm\x01\x00\x00\x00")
	for _, section := range []struct {
		id    byte
		items [][]byte
	}{{1, types}, {2, imports}, {3, indices}, {5, [][]byte{{0, 1}}}, {7, exports}, {10, code}} {
		content := append(binary.AppendUvarint(nil, uint64(len(section.items))), bytes.Join(section.items, nil)...)
		wasm = append(append(wasm, section.id), sized(content)...)
	}
	return wasm
}

func name(s string) []byte { return sized([]byte(s)) }

func sized(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }
