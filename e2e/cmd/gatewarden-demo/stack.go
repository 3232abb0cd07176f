package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// stack is the demo service with Envoy in front of it, or with several that count together.
type stack struct {
	service *service.Server
	proxies []*proxy
}

// proxy is an Envoy in front of the service.
type proxy struct {
	envoy *envoy.Process
	// public is its address, host:port.
	public string
}

// load reads envoy.yaml and makes sure of what Envoy would complain about in its
// own words: that the filter is built and its configuration valid.
func load(root, plugin string) (*envoy.Bootstrap, *config.Config, error) {
	bootstrap, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return nil, nil, err
	}
	if plugin != "" {
		bootstrap.SetPluginConfig(plugin)
	}
	wasm := bootstrap.Wasm()
	if !filepath.IsAbs(wasm) {
		wasm = filepath.Join(root, wasm)
	}
	if _, err := os.Stat(wasm); err != nil {
		return nil, nil, fmt.Errorf("the filter is not built: there is no %s; run \"make build\"", wasm)
	}
	if err := bootstrap.SetWasm(wasm); err != nil {
		return nil, nil, err
	}
	text, err := bootstrap.PluginConfig()
	if err != nil {
		return nil, nil, err
	}
	parsed, err := config.Parse([]byte(text), append(quotaToken(bootstrap, text), fleetSecret(bootstrap, text)...))
	if err != nil {
		return nil, nil, fmt.Errorf("the filter's configuration is refused: %w", err)
	}
	return bootstrap, parsed, nil
}

// start brings up the service at address and, all at once, an Envoy for each of the options.
func start(ctx context.Context, finder envoy.Finder, address string, options ...envoy.Options) (*stack, error) {
	binary, err := finder.Find(ctx)
	if err != nil {
		return nil, err
	}
	s := &stack{proxies: make([]*proxy, len(options))}
	if s.service, err = service.New().Start(address); err != nil {
		return nil, explainPort(err, "the demo service", address)
	}
	var group sync.WaitGroup
	failed := make([]error, len(options))
	for i, o := range options {
		o.WorkDir = finder.Root
		group.Go(func() { s.proxies[i], failed[i] = startProxy(ctx, binary, s.service.Address, o) })
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func startProxy(ctx context.Context, binary envoy.Binary, service string, o envoy.Options) (*proxy, error) {
	if err := o.Bootstrap.SetEndpoint("service", service); err != nil {
		return nil, err
	}
	process, err := envoy.Start(ctx, binary, o)
	if err != nil {
		return nil, err
	}
	p := &proxy{envoy: process}
	if p.public, err = process.ListenerAddress(ctx, fmt.Sprint(o.Bootstrap.Listener["name"])); err != nil {
		process.Stop()
		return nil, err
	}
	return p, nil
}

func (s *stack) stop() {
	for _, p := range s.proxies {
		if p != nil {
			p.envoy.Stop()
		}
	}
	s.service.Stop()
}
