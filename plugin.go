// Gatewarden is a proxy-wasm filter for Envoy and Istio: it locks out clients
// that guess credentials. This is the program that the proxy loads; see
// README.md for what it does and package filter for its rules.
package main

import (
	"bytes"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/opaque"
)

// host is the proxy as the plugin sees it: package internal/proxywasm in Wasm, package
// internal/sdkhost in the SDK's emulator.
type host interface {
	proxy.Host
	// Configuration returns the plugin configuration of that size, or nil if it cannot
	// be read.
	Configuration(size int) []byte
	// Environment returns the VM's variables as "NAME=value".
	Environment() []string
	// Random fills b with random bytes.
	Random(b []byte)
	// Info logs a line that asks nobody to do anything.
	Info(line string)
	// Error logs a line about a mistake that keeps the plugin from working.
	Error(line string)
}

// vmContext is a worker's VM.
type vmContext struct {
	types.DefaultVMContext
	host host
}

func newVMContext(h host) types.VMContext { return &vmContext{host: h} }

// NewPluginContext is called for each plugin configuration.
func (v *vmContext) NewPluginContext(uint32) types.PluginContext {
	return &pluginContext{host: v.host}
}

// pluginContext is one plugin configuration in one worker.
type pluginContext struct {
	types.DefaultPluginContext
	host host
	// One of the two is set: what guards the service, or the endpoint for people on call.
	// See RATIONALE.md, "Why do the contexts hide what they point to?"
	filter     opaque.Pointer[filter.Filter]
	operations types.HttpContext
	// idle are the contexts of streams that have ended, for those to come.
	idle []*httpContext
}

// maxIdle bounds what a burst of streams leaves behind.
const maxIdle = 1024

// OnPluginStart loads the configuration. If it fails, Envoy keeps the configuration
// it had.
func (p *pluginContext) OnPluginStart(size int) types.OnPluginStartStatus {
	var json []byte
	if size > 0 {
		// Copied, because parts of it stay in use.
		if json = bytes.Clone(p.host.Configuration(size)); json == nil {
			p.host.Error("gatewarden: cannot read the configuration from the proxy")
			return types.OnPluginStartStatusFailed
		}
	}
	c, err := config.Parse(json, p.host.Environment())
	if err != nil {
		p.host.Error("gatewarden: configuration refused:\n" + err.Error())
		return types.OnPluginStartStatusFailed
	}
	seed, first, ok := loadSeed(p.host)
	if !ok {
		p.host.Error("gatewarden: shared data does not keep what is written to it, so workers cannot count together; check capability_restriction_config")
		return types.OnPluginStartStatusFailed
	}
	envoy := versionOf(p.host)
	if first {
		introduce(p.host, envoy)
	}
	if c.Admin != nil {
		if p.operations = newOperations(c, p.host, seed, envoy.name()); p.operations == nil {
			p.host.Error("gatewarden: configuration refused:\nadmin: is not in this module, which was built with the tag gatewarden_no_operations; use one that was built without it")
			return types.OnPluginStartStatusFailed
		}
		return types.OnPluginStartStatusOK
	}
	if !p.host.SetTickPeriod(filter.TickPeriod) {
		p.host.Error("gatewarden: the proxy refuses a timer: metrics will not be written, and requests in flight will be forgotten after 20 seconds")
	}
	p.filter = opaque.To(filter.New(c, p.host, seed))
	return types.OnPluginStartStatusOK
}

// OnTick lets the filter do what is due now and then.
func (p *pluginContext) OnTick() {
	if f := p.filter.Get(); f != nil {
		f.Tick()
	}
}

// OnHttpCallResponse passes the response to a call that the filter made.
func (p *pluginContext) OnHttpCallResponse(number uint32, _, bodySize, _ int) {
	if f := p.filter.Get(); f != nil {
		f.Answered(number, bodySize)
	}
}

// OnGRPCReceive passes the answer to a gRPC call that the filter made.
func (p *pluginContext) OnGRPCReceive(number uint32, size int) {
	if f := p.filter.Get(); f != nil {
		f.GRPCAnswered(number, size)
	}
}

// OnGRPCClose passes the status of a gRPC call that has no answer.
func (p *pluginContext) OnGRPCClose(number, status uint32) {
	if f := p.filter.Get(); f != nil {
		f.GRPCFailed(number, status)
	}
}

// OnPluginDone hands on what was counted since the last tick.
func (p *pluginContext) OnPluginDone() bool {
	if f := p.filter.Get(); f != nil {
		f.Close()
	}
	return true
}

// NewHttpContext is called when a request arrives. Without a configuration there is
// nothing to ask, and the request passes through.
func (p *pluginContext) NewHttpContext(id uint32) types.HttpContext {
	switch last := len(p.idle) - 1; {
	case p.operations != nil:
		return p.operations
	case last >= 0:
		s := p.idle[last]
		p.idle = p.idle[:last]
		s.stream.Get().ID = id
		return s
	case p.filter.Get() != nil:
		s := &httpContext{plugin: p, stream: opaque.To(p.filter.Get().NewStream())}
		s.stream.Get().ID = id
		return s
	}
	return nil
}

// httpContext is a request and its response, which the filter decides about.
type httpContext struct {
	plugin *pluginContext
	stream opaque.Pointer[filter.Stream]
}

func (s *httpContext) OnHttpRequestHeaders(_ int, endOfStream bool) types.Action {
	return types.Action(s.stream.Get().RequestHeaders(endOfStream))
}

func (s *httpContext) OnHttpRequestBody(bodySize int, endOfStream bool) types.Action {
	return types.Action(s.stream.Get().RequestBody(bodySize, endOfStream))
}

func (s *httpContext) OnHttpRequestTrailers(int) types.Action {
	return types.Action(s.stream.Get().RequestTrailers())
}

func (s *httpContext) OnHttpResponseHeaders(_ int, endOfStream bool) types.Action {
	s.stream.Get().ResponseHeaders(endOfStream)
	return types.ActionContinue
}

func (s *httpContext) OnHttpResponseBody(bodySize int, endOfStream bool) types.Action {
	s.stream.Get().ResponseBody(bodySize, endOfStream)
	return types.ActionContinue
}

func (s *httpContext) OnHttpResponseTrailers(int) types.Action {
	s.stream.Get().ResponseTrailers()
	return types.ActionContinue
}

// OnHttpStreamDone settles the request. The context then serves another one.
func (s *httpContext) OnHttpStreamDone() {
	s.stream.Get().Done()
	s.stream.Get().Reset()
	if p := s.plugin; len(p.idle) < maxIdle {
		p.idle = append(p.idle, s)
	}
}
