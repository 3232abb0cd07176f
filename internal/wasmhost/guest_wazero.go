package wasmhost

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Module is compiled Wasm code, to be instantiated any number of times. It is
// safe for concurrent use.
type Module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

// maxMemoryPages is Envoy's limit of 1 GiB for the memory of a VM:
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/include/proxy-wasm/limits.h
const maxMemoryPages = 1 << 30 / (64 << 10)

var modules = struct {
	sync.Mutex
	byHash map[[sha256.Size]byte]*Module
}{byHash: map[[sha256.Size]byte]*Module{}}

// Compile translates a module to machine code. That takes seconds for a module
// of standard Go, so the result is kept for as long as this program runs, and
// the same bytes are never compiled twice.
func Compile(wasm []byte) (*Module, error) {
	modules.Lock()
	defer modules.Unlock()
	hash := sha256.Sum256(wasm)
	if m, ok := modules.byHash[hash]; ok {
		return m, nil
	}
	m, err := compile(wasm)
	if err != nil {
		return nil, err
	}
	modules.byHash[hash] = m
	return m, nil
}

func compile(wasm []byte) (*Module, error) {
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(maxMemoryPages))
	compiled, err := runtime.CompileModule(ctx, wasm)
	if err == nil {
		err = checkABI(compiled)
	}
	if err == nil {
		err = linkWASI(ctx, runtime)
	}
	if err == nil {
		err = linkProxy(ctx, runtime, compiled)
	}
	if err != nil {
		_ = runtime.Close(ctx)
		return nil, err
	}
	return &Module{runtime: runtime, compiled: compiled}, nil
}

// checkABI looks for what Envoy refuses a module without.
func checkABI(m wazero.CompiledModule) error {
	exports := m.ExportedFunctions()
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := exports[name]; ok {
				return true
			}
		}
		return false
	}
	if !has("proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1") {
		return fmt.Errorf("the module does not export proxy_abi_version_0_2_0 or 0_2_1")
	}
	if !has("malloc", "proxy_on_memory_allocate") {
		return fmt.Errorf("the module exports neither malloc nor proxy_on_memory_allocate")
	}
	return nil
}

// Exports tells whether the module has a callback.
func (m *Module) Exports(c Callback) bool {
	_, ok := m.compiled.ExportedFunctions()[string(c)]
	return ok
}

// NewProxy starts a VM of the module and configures it. The error is a
// *StartError if the guest is at fault.
func (m *Module) NewProxy(p *Process, o Options) (*Proxy, error) {
	return NewProxy(p, o, m.instantiate)
}

// vm is a Guest that runs on wazero.
type vm struct {
	host      *Host
	module    api.Module
	ctx       context.Context // leads host functions back to this vm
	callbacks map[Callback]api.Function
	malloc    api.Function
	// restricted is set while the guest initialises itself or allocates memory,
	// when it may not call the proxy except to log.
	restricted bool
}

var _ Guest = (*vm)(nil)

type vmKey struct{}

func vmOf(ctx context.Context) *vm { return ctx.Value(vmKey{}).(*vm) }

func (m *Module) instantiate(h *Host) (Guest, error) {
	v := &vm{host: h, callbacks: map[Callback]api.Function{}}
	v.ctx = context.WithValue(context.Background(), vmKey{}, v)
	module, err := m.runtime.InstantiateModule(v.ctx, m.compiled, v.config())
	if err != nil {
		return nil, err
	}
	v.module = module
	for name := range m.compiled.ExportedFunctions() {
		v.callbacks[Callback(name)] = module.ExportedFunction(name)
	}
	// Envoy prefers malloc:
	// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/wasm.cc
	// (getFunctions)
	if v.malloc = v.callbacks["malloc"]; v.malloc == nil {
		v.malloc = v.callbacks["proxy_on_memory_allocate"]
	}
	if err := v.initialize(); err != nil {
		_ = module.Close(v.ctx)
		return nil, err
	}
	return v, nil
}

func (v *vm) config() wazero.ModuleConfig {
	c := wazero.NewModuleConfig().WithName("").WithStartFunctions().
		WithStdout(logWriter{v.host, Info}).WithStderr(logWriter{v.host, Error})
	for name, value := range v.host.options.Env {
		c = c.WithEnv(name, value)
	}
	if v.host.options.Random == nil {
		seed := [32]byte{}
		seed[0] = byte(v.host.process.vms.Add(1))
		v.host.options.Random = rand.NewChaCha8(seed)
	}
	return c
}

// initialize starts a reactor, and its main if it exports one, or else a
// command:
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/wasm.cc
// (startVm)
func (v *vm) initialize() error {
	v.restricted = true
	defer func() { v.restricted = false }()
	defer v.host.flushLines()
	if v.Exports("_initialize") {
		if _, err := v.call("_initialize"); err != nil {
			return err
		}
		if v.Exports("main") {
			_, err := v.call("main", 0, 0)
			return err
		}
		return nil
	}
	if v.Exports("_start") {
		_, err := v.call("_start")
		return err
	}
	return nil
}

// Memory returns the size of the VM's memory in bytes, which never shrinks; 0 if the guest
// is not a Wasm module.
func (p *Proxy) Memory() int {
	if v, ok := p.guest.(*vm); ok {
		return int(v.module.Memory().Size())
	}
	return 0
}

// logWriter makes log lines of what the guest writes to stdout or stderr. The
// runtime of standard Go prints a panic word by word; a line is complete at its
// end, or when the callback returns.
type logWriter struct {
	host  *Host
	level LogLevel
}

func (w logWriter) Write(b []byte) (int, error) {
	w.host.partial[w.level] += string(b)
	for {
		line, rest, whole := strings.Cut(w.host.partial[w.level], "\n")
		if !whole {
			return len(b), nil
		}
		w.host.Log(w.level, line)
		w.host.partial[w.level] = rest
	}
}

// flushLines ends lines that were not ended by the guest.
func (h *Host) flushLines() {
	for _, level := range []LogLevel{Info, Error} {
		if h.partial[level] != "" {
			h.Log(level, h.partial[level])
			h.partial[level] = ""
		}
	}
}

// call runs an exported function. Any error, also a regular exit, is a trap.
func (v *vm) call(name Callback, params ...uint64) (uint64, error) {
	results, err := v.callbacks[name].Call(v.ctx, params...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return results[0], nil
}

// allocate gets memory for a result from the guest.
func (v *vm) allocate(size int) (uint32, bool) {
	restricted := v.restricted
	v.restricted = true
	defer func() { v.restricted = restricted }()
	results, err := v.malloc.Call(v.ctx, uint64(size))
	if err != nil {
		panic(err) // the guest died in its own allocator: so does the call it is in
	}
	address := uint32(results[0])
	return address, address != 0
}

func (v *vm) Exports(c Callback) bool { return v.callbacks[c] != nil }

func (v *vm) OnContextCreate(id, parent uint32) error {
	return v.tell(OnContextCreate, uint64(id), uint64(parent))
}

func (v *vm) OnVMStart(id uint32, size int) (bool, error) {
	return v.accepts(OnVMStart, uint64(id), uint64(size))
}

func (v *vm) OnConfigure(id uint32, size int) (bool, error) {
	return v.accepts(OnConfigure, uint64(id), uint64(size))
}

func (v *vm) OnTick(id uint32) error { return v.tell(OnTick, uint64(id)) }

func (v *vm) OnRequestHeaders(id uint32, n int, end bool) (Action, error) {
	return v.asks(OnRequestHeaders, uint64(id), uint64(n), flag(end))
}

func (v *vm) OnRequestBody(id uint32, size int, end bool) (Action, error) {
	return v.asks(OnRequestBody, uint64(id), uint64(size), flag(end))
}

func (v *vm) OnRequestTrailers(id uint32, n int) (Action, error) {
	return v.asks(OnRequestTrailers, uint64(id), uint64(n))
}

func (v *vm) OnResponseHeaders(id uint32, n int, end bool) (Action, error) {
	return v.asks(OnResponseHeaders, uint64(id), uint64(n), flag(end))
}

func (v *vm) OnResponseBody(id uint32, size int, end bool) (Action, error) {
	return v.asks(OnResponseBody, uint64(id), uint64(size), flag(end))
}

func (v *vm) OnResponseTrailers(id uint32, n int) (Action, error) {
	return v.asks(OnResponseTrailers, uint64(id), uint64(n))
}

func (v *vm) OnHTTPCallResponse(id, call uint32, headers, size, trailers int) error {
	return v.tell(OnHTTPCallResponse, uint64(id), uint64(call), uint64(headers), uint64(size), uint64(trailers))
}

func (v *vm) OnGRPCReceive(id, call uint32, size int) error {
	return v.tell(OnGRPCReceive, uint64(id), uint64(call), uint64(size))
}

func (v *vm) OnGRPCClose(id, call, status uint32) error {
	return v.tell(OnGRPCClose, uint64(id), uint64(call), uint64(status))
}

func (v *vm) OnLog(id uint32) error          { return v.tell(OnLog, uint64(id)) }
func (v *vm) OnDone(id uint32) (bool, error) { return v.accepts(OnDone, uint64(id)) }
func (v *vm) OnDelete(id uint32) error       { return v.tell(OnDelete, uint64(id)) }
func (v *vm) Close() error                   { return v.module.Close(v.ctx) }

func (v *vm) tell(name Callback, params ...uint64) error {
	_, err := v.call(name, params...)
	return err
}

func (v *vm) accepts(name Callback, params ...uint64) (bool, error) {
	result, err := v.call(name, params...)
	return result != 0, err
}

func (v *vm) asks(name Callback, params ...uint64) (Action, error) {
	result, err := v.call(name, params...)
	return Action(result), err
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
