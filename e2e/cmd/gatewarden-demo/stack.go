package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// stack is the demo service with Envoy in front of it.
type stack struct {
	service *service.Server
	envoy   *envoy.Process
	// public is Envoy's address, host:port.
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
	parsed, err := config.Parse([]byte(text), quotaToken(bootstrap, text))
	if err != nil {
		return nil, nil, fmt.Errorf("the filter's configuration is refused: %w", err)
	}
	return bootstrap, parsed, nil
}

// start brings up the service at address and Envoy as options say.
func start(ctx context.Context, finder envoy.Finder, address string, o envoy.Options) (*stack, error) {
	binary, err := finder.Find(ctx)
	if err != nil {
		return nil, err
	}
	s := &stack{}
	if s.service, err = service.New().Start(address); err != nil {
		return nil, explainPort(err, "the demo service", address)
	}
	if err := o.Bootstrap.SetEndpoint("service", s.service.Address); err != nil {
		s.service.Stop()
		return nil, err
	}
	o.WorkDir = finder.Root
	if s.envoy, err = envoy.Start(ctx, binary, o); err != nil {
		s.service.Stop()
		return nil, err
	}
	if s.public, err = s.envoy.ListenerAddress(ctx, fmt.Sprint(o.Bootstrap.Listener["name"])); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *stack) stop() {
	s.envoy.Stop()
	s.service.Stop()
}
