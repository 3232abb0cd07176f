//go:build wasip1

// Gatewarden is a proxy-wasm filter for Envoy and Istio: it locks out clients
// that guess credentials. This is the program that the proxy loads; see
// README.md for what it does and package filter for its rules.
package main

import (
	"bytes"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/operations"
	"github.com/gatewarden/gatewarden/table"
)

// main has nothing to do: the proxy calls the exported callbacks.
func main() {}

// plugin is one plugin configuration in one worker.
type plugin struct {
	host host
	// One of the two: what guards, or the endpoint for people on call.
	filter     *filter.Filter
	operations *operations.Endpoint
	// idle are the streams that are done.
	idle []*stream
}

// maxIdle bounds what a burst of streams leaves behind.
const maxIdle = 1024

// configure loads the configuration, which is size bytes long, and tells whether
// it could. When it is refused, Envoy keeps the one it had.
func (p *plugin) configure(size int) bool {
	var json []byte
	if size > 0 {
		// Copied, because the configuration stays.
		if json = bytes.Clone(buffer(bufferPluginConfiguration, 0, size)); json == nil {
			log(logError, "gatewarden: configuration cannot be read from the proxy")
			return false
		}
	}
	c, err := config.Parse(json, environment())
	if err != nil {
		log(logError, "gatewarden: configuration refused:\n"+err.Error())
		return false
	}
	seed, ok := table.LoadSeed(&p.host, randomSeed())
	if !ok {
		log(logError, "gatewarden: shared data keeps nothing, so workers could not count together; is it restricted by capability_restriction_config?")
		return false
	}
	if c.Admin != nil {
		p.operations = operations.New(c, &p.host, seed)
		return true
	}
	if setTickPeriod(filter.TickPeriod) != statusOK {
		log(logError, "gatewarden: the proxy refuses a timer, so metrics will not be written, and requests in flight be forgotten after 20 seconds")
	}
	p.filter = filter.New(c, &p.host, seed)
	return true
}

func (p *plugin) tick() {
	if p.filter != nil {
		p.filter.Tick(&p.host)
	}
}

// flush hands what was counted to the proxy.
func (p *plugin) flush() {
	if p.filter != nil {
		p.filter.Flush(&p.host)
	}
}

// stream is one request and its response.
type stream struct {
	*filter.Stream
	plugin *plugin
}

// newStream begins a stream, nil if the plugin has no configuration.
func (p *plugin) newStream(id uint32) *stream {
	var s *stream
	if last := len(p.idle) - 1; last >= 0 {
		s = p.idle[last]
		p.idle = p.idle[:last]
	} else if p.filter != nil {
		s = &stream{Stream: p.filter.NewStream(), plugin: p}
	} else {
		return nil
	}
	s.ID = id
	return s
}

// done ends a stream, so that its memory can serve another.
func (s *stream) done() {
	p := s.plugin
	s.Done(&p.host)
	s.Reset()
	if len(p.idle) < maxIdle {
		p.idle = append(p.idle, s)
	}
}
