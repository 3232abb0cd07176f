//go:build wasip1

// Gatewarden is a proxy-wasm filter for Envoy and Istio: it locks out clients
// that guess credentials. This is the program that the proxy loads; see
// README.md for what it does and package filter for its rules.
package main

import (
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/table"
)

func main() {}

// Standard Go builds a library, of which the proxy calls _initialize and never
// main, so the filter is registered here.
func init() { proxywasm.SetVMContext(&vmContext{}) }

type vmContext struct{ types.DefaultVMContext }

func (*vmContext) NewPluginContext(uint32) types.PluginContext { return &pluginContext{} }

// pluginContext is one plugin configuration in one worker.
type pluginContext struct {
	types.DefaultPluginContext
	host   host
	filter *filter.Filter
	// idle are the contexts of streams that are done.
	idle []*httpContext
}

// maxIdle bounds what a burst of streams leaves behind.
const maxIdle = 1024

// OnPluginStart loads the configuration. When it is refused, Envoy keeps the one
// it had.
func (p *pluginContext) OnPluginStart(size int) types.OnPluginStartStatus {
	var json []byte
	if size > 0 {
		var err error
		if json, err = proxywasm.GetPluginConfiguration(); err != nil {
			proxywasm.LogError("gatewarden: configuration cannot be read from the proxy: " + err.Error())
			return types.OnPluginStartStatusFailed
		}
	}
	c, err := config.Parse(json, environment())
	if err != nil {
		proxywasm.LogError("gatewarden: configuration refused:\n" + err.Error())
		return types.OnPluginStartStatusFailed
	}
	seed, ok := table.LoadSeed(&p.host, randomSeed())
	if !ok {
		proxywasm.LogError("gatewarden: shared data keeps nothing, so workers could not count together; is it restricted by capability_restriction_config?")
		return types.OnPluginStartStatusFailed
	}
	if err := proxywasm.SetTickPeriodMilliSeconds(filter.FlushPeriod); err != nil {
		proxywasm.LogError("gatewarden: no timer, so metrics will not be written: " + err.Error())
	}
	p.filter = filter.New(c, &p.host, seed)
	return types.OnPluginStartStatusOK
}

func (p *pluginContext) OnTick() { p.filter.Flush(&p.host) }

func (p *pluginContext) OnPluginDone() bool {
	if p.filter != nil {
		p.filter.Flush(&p.host)
	}
	return true
}

func (p *pluginContext) NewHttpContext(uint32) types.HttpContext {
	if last := len(p.idle) - 1; last >= 0 {
		c := p.idle[last]
		p.idle = p.idle[:last]
		return c
	}
	return &httpContext{plugin: p, host: &p.host, stream: p.filter.NewStream()}
}

// httpContext is one request and its response.
type httpContext struct {
	types.DefaultHttpContext
	plugin *pluginContext
	host   *host
	stream *filter.Stream
}

func (c *httpContext) OnHttpRequestHeaders(_ int, end bool) types.Action {
	trapIfAsked(c.host)
	return action(c.stream.RequestHeaders(c.host, end))
}

func (c *httpContext) OnHttpRequestBody(size int, end bool) types.Action {
	return action(c.stream.RequestBody(c.host, size, end))
}

func (c *httpContext) OnHttpRequestTrailers(int) types.Action {
	return action(c.stream.RequestTrailers(c.host))
}

func (c *httpContext) OnHttpResponseHeaders(_ int, end bool) types.Action {
	c.stream.ResponseHeaders(c.host, end)
	return types.ActionContinue
}

func (c *httpContext) OnHttpResponseBody(size int, end bool) types.Action {
	c.stream.ResponseBody(c.host, size, end)
	return types.ActionContinue
}

func (c *httpContext) OnHttpResponseTrailers(int) types.Action {
	c.stream.ResponseTrailers(c.host)
	return types.ActionContinue
}

// OnHttpStreamDone is the last call for a stream: its context can serve another.
func (c *httpContext) OnHttpStreamDone() {
	c.stream.Done(c.host)
	c.stream.Reset()
	if len(c.plugin.idle) < maxIdle {
		c.plugin.idle = append(c.plugin.idle, c)
	}
}

func action(a filter.Action) types.Action {
	if a == filter.Pause {
		return types.ActionPause
	}
	return types.ActionContinue
}
