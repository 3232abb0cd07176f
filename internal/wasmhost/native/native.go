// Package native runs the filter as Go code on the stand-in for Envoy, without
// Wasm: the scenarios run faster, under a debugger, and with coverage. It is to
// a wasmhost.Host what plugin.go and internal/proxywasm are to Envoy.
//
// It says again what plugin.go says, because plugin.go is of package main, which
// nothing can import. What plugin.go itself does is tested in Wasm and, natively, in
// the SDK's emulator.
package native

import (
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/operations"
	"github.com/gatewarden/gatewarden/table"
)

// NewProxy starts a worker that runs the filter natively.
func NewProxy(p *wasmhost.Process, o wasmhost.Options) (*wasmhost.Proxy, error) {
	return wasmhost.NewProxy(p, o, func(h *wasmhost.Host) (wasmhost.Guest, error) {
		return &guest{host: host{h, new(lent)}, options: o, streams: map[uint32]*filter.Stream{}}, nil
	})
}

type guest struct {
	wasmhost.NoCallbacks
	host    host
	options wasmhost.Options
	filter  *filter.Filter
	// operations is there in place of the filter where the configuration has "admin".
	operations *operations.Endpoint
	streams    map[uint32]*filter.Stream
	idle       []*filter.Stream // done, as plugin.go keeps them
}

// Exports are those of internal/proxywasm.
func (*guest) Exports(c wasmhost.Callback) bool {
	return c != wasmhost.OnLog && c != wasmhost.OnDelete
}

func (g *guest) OnConfigure(uint32, int) (bool, error) {
	g.host.takeBack()
	var env []string
	for name, value := range g.options.Env {
		env = append(env, name+"="+value)
	}
	c, err := config.Parse(g.options.PluginConfig, env)
	if err != nil {
		g.host.Log(wasmhost.Error, "gatewarden: configuration refused:\n"+err.Error())
		return false, nil
	}
	// The seed is fixed, which a test may: the first worker's is kept.
	seed, ok := table.LoadSeed(g.host, table.Seed{1, 2, 3})
	if !ok {
		return false, nil
	}
	if c.Admin != nil {
		g.operations = operations.New(c, g.host, seed, envoyversion.Newest.String())
		return true, nil
	}
	g.filter = filter.New(c, g.host, seed)
	return true, nil
}

func (g *guest) OnTick(uint32) error {
	g.host.takeBack()
	if g.filter != nil {
		g.filter.Tick()
	}
	return nil
}

func (g *guest) OnContextCreate(id, parent uint32) error {
	g.host.takeBack()
	if parent == 0 || g.operations != nil {
		return nil
	}
	if last := len(g.idle) - 1; last >= 0 {
		g.streams[id], g.idle = g.idle[last], g.idle[:last]
	} else {
		g.streams[id] = g.filter.NewStream()
	}
	g.streams[id].ID = id
	return nil
}

func (g *guest) OnRequestHeaders(id uint32, _ int, end bool) (wasmhost.Action, error) {
	g.host.takeBack()
	if g.operations != nil {
		g.operations.Answer(g.host)
		return wasmhost.Pause, nil
	}
	return action(g.streams[id].RequestHeaders(end)), nil
}

func (g *guest) OnRequestBody(id uint32, size int, end bool) (wasmhost.Action, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		return action(s.RequestBody(size, end)), nil
	}
	return wasmhost.Continue, nil
}

func (g *guest) OnRequestTrailers(id uint32, _ int) (wasmhost.Action, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		return action(s.RequestTrailers()), nil
	}
	return wasmhost.Continue, nil
}

func (g *guest) OnResponseHeaders(id uint32, _ int, end bool) (wasmhost.Action, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		s.ResponseHeaders(end)
	}
	return wasmhost.Continue, nil
}

func (g *guest) OnResponseBody(id uint32, size int, end bool) (wasmhost.Action, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		s.ResponseBody(size, end)
	}
	return wasmhost.Continue, nil
}

func (g *guest) OnResponseTrailers(id uint32, _ int) (wasmhost.Action, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		s.ResponseTrailers()
	}
	return wasmhost.Continue, nil
}

func (g *guest) OnHTTPCallResponse(_, call uint32, _, size, _ int) error {
	g.host.takeBack()
	g.filter.Answered(call, size)
	return nil
}

func (g *guest) OnGRPCReceive(_, call uint32, size int) error {
	g.host.takeBack()
	g.filter.GRPCAnswered(call, size)
	return nil
}

func (g *guest) OnGRPCClose(_, call, status uint32) error {
	g.host.takeBack()
	g.filter.GRPCFailed(call, status)
	return nil
}

func (g *guest) OnDone(id uint32) (bool, error) {
	g.host.takeBack()
	if s := g.streams[id]; s != nil {
		delete(g.streams, id)
		s.Done()
		s.Reset()
		g.idle = append(g.idle, s)
	} else if g.filter != nil {
		g.filter.Close()
	}
	return true, nil
}

// action is what the filter exports: the number that Envoy knows.
func action(a proxy.Action) wasmhost.Action { return wasmhost.Action(a) }
