package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// The rule that is shown. The window is short so that the end of a lockout can
// be seen; envoy.yaml's is a minute.
const (
	limit  = 20
	window = 15 * time.Second
)

const attackConfig = `{
  "surfaces": [
    {"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 3, "window": "15s"}},
    {"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 20, "window": "15s"}}
  ],
  "oauth": {"resource": "http://127.0.0.1:10000/mcp", "surfaces": ["mcp"], "authorization_servers": ["http://127.0.0.1:10000"]},
  "log": {"per_second": 1000}
}`

// attack starts everything on free ports and plays the scenes in order. It fails
// if anything else happens than what it shows.
func attack(ctx context.Context, finder envoy.Finder, inFleet bool, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	plugin := attackConfig
	if inFleet {
		plugin = withFleet(fleetConfig)
	}
	bootstrap, c, err := load(finder.Root, plugin)
	if err != nil {
		return err
	}
	if err := bootstrap.FreePorts(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gatewarden-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	forwarded := client.CanUse(attackerAddress) != nil
	if forwarded {
		// Addresses other than 127.0.0.1 need a set-up on this system:
		// they come in the header of a proxy that Envoy trusts.
		bootstrap.HCM["xff_num_trusted_hops"] = 1
	}
	if inFleet {
		return attackFleet(ctx, finder, bootstrap, c, dir, forwarded, out)
	}
	say(out, "An attack on a service behind Envoy with Gatewarden, in scenes: half a minute.\n\n")
	sayStarting(out, 1)
	s, err := start(ctx, finder, "127.0.0.1:0", envoy.Options{Bootstrap: bootstrap, Dir: dir})
	if err != nil {
		return err
	}
	defer s.stop()
	show, err := newShow(ctx, s, forwarded, out)
	if err != nil {
		return err
	}
	return show.play()
}

// attackFleet plays the scenes of an attack on two proxies that count together.
func attackFleet(ctx context.Context, finder envoy.Finder, first *envoy.Bootstrap, c *config.Config, dir string, forwarded bool, out io.Writer) error {
	say(out, "An attack on a service behind two Envoys that count together, in scenes. In the\n"+
		"middle, their store is killed. That takes a minute.\n\n")
	sayStarting(out, 2)
	store, err := startStore(ctx, finder.Root, first, c, "")
	if err != nil {
		return err
	}
	defer store.close()
	second, err := first.Clone()
	if err != nil {
		return err
	}
	var options []envoy.Options
	for i, b := range []*envoy.Bootstrap{first, second} {
		own := filepath.Join(dir, strconv.Itoa(i))
		if err := os.Mkdir(own, 0o755); err != nil {
			return err
		}
		// Each worker finds out for itself that the store is gone. With one, all
		// requests see the same.
		options = append(options, envoy.Options{Bootstrap: b, Dir: own, Workers: 1})
	}
	s, err := start(ctx, finder, "127.0.0.1:0", options...)
	if err != nil {
		return err
	}
	defer s.stop()
	show, err := newFleetShow(ctx, s, store, forwarded, out)
	if err != nil {
		return err
	}
	return show.play()
}
