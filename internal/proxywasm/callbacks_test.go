package proxywasm

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

// plugin writes down what its contexts are asked.
type plugin struct {
	types.DefaultVMContext
	types.DefaultPluginContext
	types.DefaultHttpContext
	refuse bool // streams
	told   []string
}

func (p *plugin) tell(format string, args ...any) {
	p.told = append(p.told, fmt.Sprintf(format, args...))
}

func (p *plugin) OnVMStart(size int) types.OnVMStartStatus {
	p.tell("vm start %d", size)
	return types.OnVMStartStatusOK
}

func (p *plugin) NewPluginContext(id uint32) types.PluginContext {
	p.tell("plugin %d", id)
	return p
}

func (p *plugin) OnPluginStart(size int) types.OnPluginStartStatus {
	p.tell("plugin start %d", size)
	return types.OnPluginStartStatus(size != 13)
}

func (p *plugin) OnTick()            { p.tell("tick") }
func (p *plugin) OnPluginDone() bool { p.tell("plugin done"); return true }

func (p *plugin) OnHttpCallResponse(number uint32, headers, body, trailers int) {
	p.tell("call %d: %d %d %d", number, headers, body, trailers)
}

func (p *plugin) OnGRPCReceive(number uint32, size int) { p.tell("grpc %d: %d bytes", number, size) }
func (p *plugin) OnGRPCClose(number, status uint32)     { p.tell("grpc %d: status %d", number, status) }

func (p *plugin) NewHttpContext(id uint32) types.HttpContext {
	p.tell("stream %d", id)
	if p.refuse {
		return nil
	}
	return p
}

func (p *plugin) OnHttpRequestHeaders(n int, end bool) types.Action {
	p.tell("request headers %d %v", n, end)
	return 4
}

func (p *plugin) OnHttpRequestBody(n int, end bool) types.Action {
	p.tell("request body %d %v", n, end)
	return 2
}

func (p *plugin) OnHttpRequestTrailers(n int) types.Action {
	p.tell("request trailers %d", n)
	return types.ActionPause
}

func (p *plugin) OnHttpResponseHeaders(n int, end bool) types.Action {
	p.tell("response headers %d %v", n, end)
	return types.ActionContinue
}

func (p *plugin) OnHttpResponseBody(n int, end bool) types.Action {
	p.tell("response body %d %v", n, end)
	return types.ActionPause
}

func (p *plugin) OnHttpResponseTrailers(n int) types.Action {
	p.tell("response trailers %d", n)
	return types.ActionContinue
}

func (p *plugin) OnHttpStreamDone() { p.tell("stream done") }

// callback is a call of the proxy, with what it returns and what the contexts are told.
type callback struct {
	call func() any
	want any
	told string // empty: nothing
}

func (p *plugin) play(t *testing.T, callbacks []callback) {
	t.Helper()
	SetVMContext(p)
	t.Cleanup(func() { SetVMContext(&types.DefaultVMContext{}) })
	for i, c := range callbacks {
		p.told = nil
		if got := c.call(); got != c.want {
			t.Errorf("callback %d returns %v, want %v", i+1, got, c.want)
		}
		var want []string
		if c.told != "" {
			want = []string{c.told}
		}
		if !slices.Equal(p.told, want) {
			t.Errorf("callback %d tells %q, want %q", i+1, p.told, want)
		}
	}
}

func TestCallbacksReachTheirContexts(t *testing.T) {
	create := func(id, parent uint32) func() any { return func() any { contextCreate(id, parent); return nil } }
	p := &plugin{}
	p.play(t, []callback{
		{create(1, 0), nil, "plugin 1"},
		{func() any { return vmStart(3) }, true, "vm start 3"},
		{func() any { return configure(1, 12) }, true, "plugin start 12"},
		{func() any { return configure(1, 13) }, false, "plugin start 13"},
		{func() any { tick(1); return nil }, nil, "tick"},
		{create(2, 1), nil, "stream 2"},
		{func() any { return requestHeaders(2, 5, true) }, types.Action(4), "request headers 5 true"},
		{func() any { return requestBody(2, 100, false) }, types.Action(2), "request body 100 false"},
		{func() any { return requestTrailers(2, 1) }, types.ActionPause, "request trailers 1"},
		{func() any { httpCallResponse(1, 7, 2, 30, 4); return nil }, nil, "call 7: 2 30 4"},
		{func() any { grpcReceive(1, 8, 300); return nil }, nil, "grpc 8: 300 bytes"},
		{func() any { grpcClose(1, 9, 14); return nil }, nil, "grpc 9: status 14"},
		{func() any { return responseHeaders(2, 6, false) }, types.ActionContinue, "response headers 6 false"},
		{func() any { return responseBody(2, 9, true) }, types.ActionPause, "response body 9 true"},
		{func() any { return responseTrailers(2, 3) }, types.ActionContinue, "response trailers 3"},
		{func() any { return done(2) }, true, "stream done"},
		{func() any { return responseHeaders(2, 6, false) }, types.ActionContinue, ""},
		{func() any { return done(1) }, true, "plugin done"},
	})
	if len(plugins)+streams.len() != 0 {
		t.Errorf("%d plugins and %d streams are left", len(plugins), streams.len())
	}
}

// The proxy may name contexts that were never created or are gone already, and a plugin
// may have no context for a stream: nothing is told, and the stream goes on.
func TestCallbacksOfUnknownContexts(t *testing.T) {
	p := &plugin{refuse: true}
	p.play(t, []callback{
		{func() any { contextCreate(9, 8); return nil }, nil, ""},
		{func() any { contextCreate(1, 0); return nil }, nil, "plugin 1"},
		{func() any { contextCreate(2, 1); return nil }, nil, "stream 2"},
		{func() any { return configure(7, 1) }, false, ""},
		{func() any { tick(7); return nil }, nil, ""},
		{func() any { return requestHeaders(2, 5, true) }, types.ActionContinue, ""},
		{func() any { return requestBody(2, 1, true) }, types.ActionContinue, ""},
		{func() any { return requestTrailers(2, 1) }, types.ActionContinue, ""},
		{func() any { return responseHeaders(2, 1, true) }, types.ActionContinue, ""},
		{func() any { return responseBody(2, 1, true) }, types.ActionContinue, ""},
		{func() any { return responseTrailers(2, 1) }, types.ActionContinue, ""},
		{func() any { httpCallResponse(7, 1, 1, 1, 1); return nil }, nil, ""},
		{func() any { grpcReceive(7, 1, 1); return nil }, nil, ""},
		{func() any { grpcClose(7, 1, 14); return nil }, nil, ""},
		{func() any { return done(2) }, true, ""},
		{func() any { return done(1) }, true, "plugin done"},
	})
}

// The results of a callback's host calls are invalid when the next callback begins.
func TestEachCallbackReclaimsResults(t *testing.T) {
	for name, call := range map[string]func(){
		"vm start": func() { vmStart(0) }, "configure": func() { configure(1, 0) }, "tick": func() { tick(1) }, "done": func() { done(1) },
		"request headers": func() { requestHeaders(1, 0, true) }, "request body": func() { requestBody(1, 0, true) },
		"request trailers": func() { requestTrailers(1, 0) }, "response headers": func() { responseHeaders(1, 0, true) },
		"response body": func() { responseBody(1, 0, true) }, "response trailers": func() { responseTrailers(1, 0) },
		"call response": func() { httpCallResponse(1, 0, 0, 0, 0) },
		"grpc receive":  func() { grpcReceive(1, 0, 0) }, "grpc close": func() { grpcClose(1, 0, 0) },
	} {
		results.take(100)
		if call(); results.used != 0 {
			t.Errorf("%s: %d bytes are still in use", name, results.used)
		}
	}
}

// context does nothing.
type context struct {
	types.DefaultVMContext
	types.DefaultPluginContext
	types.DefaultHttpContext
}

func (c *context) NewPluginContext(uint32) types.PluginContext { return c }
func (c *context) NewHttpContext(uint32) types.HttpContext     { return c }

func TestDispatchAllocatesNothing(t *testing.T) {
	SetVMContext(&context{})
	t.Cleanup(func() { SetVMContext(&types.DefaultVMContext{}) })
	contextCreate(1, 0)
	t.Cleanup(func() { done(1) })
	id := uint32(1)
	allocations := testing.AllocsPerRun(1000, func() {
		id++
		contextCreate(id, 1)
		requestHeaders(id, 5, false)
		requestBody(id, 1, true)
		responseHeaders(id, 5, false)
		responseBody(id, 1, true)
		done(id)
	})
	if allocations != 0 {
		t.Errorf("%v allocations for a stream", allocations)
	}
}
