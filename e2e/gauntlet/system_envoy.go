package gauntlet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// gatewarden is the filter in Envoy, in front of everything else.
func gatewarden() System {
	return System{
		Name: "Gatewarden", ByNetwork: true,
		Start: func(ctx context.Context, s Setup) (*Target, error) {
			config, err := pluginConfig(s)
			if err != nil {
				return nil, err
			}
			return startEnvoy(ctx, s, func(b *envoy.Bootstrap) error {
				b.SetPluginConfig(string(config))
				return b.SetWasm(s.Tools.Wasm)
			})
		},
	}
}

// pluginConfig is the filter's configuration: two surfaces with the limit, and
// what the variant adds.
func pluginConfig(s Setup) ([]byte, error) {
	lockout := map[string]any{"failures": s.Limit.Failures, "window": seconds(s.Limit.Window)}
	maps.Copy(lockout, s.Variant.Lockout)
	config := map[string]any{
		"surfaces": []any{
			map[string]any{"name": "token", "kind": "oauth-token", "lockout": forToken(lockout),
				"match": []any{map[string]any{"path": "/oauth/token", "methods": []any{"POST"}}}},
			map[string]any{"name": "rest", "kind": "api", "lockout": lockout,
				"match": []any{map[string]any{"prefix": "/api/v1"}}},
		},
		"table":                           map[string]any{"clients": s.Table},
		"allow_on_headers_stop_iteration": true,
	}
	maps.Copy(config, s.Variant.Plugin)
	return json.Marshal(config)
}

// forToken leaves out what is refused on a token endpoint, whose credentials
// are in the body.
func forToken(lockout map[string]any) map[string]any {
	out := maps.Clone(lockout)
	delete(out, "reset_on_success")
	delete(out, "known_good")
	return out
}

// localRateLimit is Envoy's own filter with a bucket for each client, which it
// makes when the client comes (dynamic descriptors).
func localRateLimit() System {
	return System{
		Name: "Envoy local_ratelimit", Family: Requests, ByNetwork: true,
		Start: func(ctx context.Context, s Setup) (*Target, error) {
			return startEnvoy(ctx, s, func(b *envoy.Bootstrap) error {
				b.InsertBehind(localRateLimitFilter(s))
				b.RemovePlugin()
				return nil
			})
		},
	}
}

func localRateLimitFilter(s Setup) envoy.Object {
	always := envoy.Object{"default_value": envoy.Object{"numerator": 100}}
	return envoy.Object{
		"name": "envoy.filters.http.local_ratelimit",
		"typed_config": envoy.Object{
			"@type":          "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
			"stat_prefix":    "gauntlet",
			"filter_enabled": always, "filter_enforced": always,
			// For those without a bucket of their own: everybody has one.
			"token_bucket":                        bucket(1_000_000, "1s"),
			"always_consume_default_token_bucket": false,
			"max_dynamic_descriptors":             s.Table,
			"rate_limits": []any{envoy.Object{"actions": []any{envoy.Object{
				"masked_remote_address": envoy.Object{"v6_prefix_mask_len": 64},
			}}}},
			"descriptors": []any{envoy.Object{
				"entries":      []any{envoy.Object{"key": "masked_remote_address"}},
				"token_bucket": bucket(s.Limit.Failures, seconds(s.Limit.Window)),
			}},
		},
	}
}

func bucket(tokens int, interval string) envoy.Object {
	return envoy.Object{"max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": interval}
}

// startEnvoy borrows an Envoy and gives it what the repository's envoy.yaml has, changed
// by edit.
func startEnvoy(ctx context.Context, s Setup, edit func(*envoy.Bootstrap) error) (*Target, error) {
	b, err := envoy.Load(filepath.Join(s.Tools.Root, "envoy.yaml"))
	if err != nil {
		return nil, err
	}
	delete(b.HCM, "access_log") // a flood would fill it
	trust(b.HCM, s.Edge)
	maps.Copy(b.HCM, s.Variant.HCM)
	if err := errors.Join(b.FreePorts(), b.SetEndpoint("service", s.Service), edit(b)); err != nil {
		return nil, err
	}
	unlimited(b)
	p, err := s.Tools.Envoys.Borrow(ctx, s.Workers)
	if err != nil {
		return nil, err
	}
	address, err := serveFrom(ctx, p, b)
	if err != nil {
		s.Tools.Envoys.GiveBack(p)
		return nil, err
	}
	sender := newSender(s.Edge, address, address)
	return &Target{Send: sender.send, Stop: func() { sender.close(); s.Tools.Envoys.GiveBack(p) }, Envoy: p}, nil
}

// unlimited takes away limits of Envoy that have nothing to do with guessing:
// more requests may be under way to the service than the circuit breaker allows.
func unlimited(b *envoy.Bootstrap) {
	if cluster, err := b.Cluster("service"); err == nil {
		most := envoy.Object{"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}
		cluster["circuit_breakers"] = envoy.Object{"thresholds": []any{most}}
	}
}

// trust tells the connection manager where the client's address comes from.
func trust(hcm envoy.Object, e Edge) {
	hcm["use_remote_address"] = e != Believed
	if e == Hop {
		hcm["xff_num_trusted_hops"] = 1
	}
}

// serveFrom gives an Envoy its listener and returns the address of it.
func serveFrom(ctx context.Context, p *envoy.Process, b *envoy.Bootstrap) (address string, err error) {
	err = p.Push(ctx, b)
	var refused *envoy.Rejected
	if errors.As(err, &refused) {
		return "", refusal(p, refused.Details)
	}
	if err != nil {
		return "", err
	}
	return p.ListenerAddress(ctx, "public")
}

// refusal tells a configuration that the filter does not know from all else that
// may be wrong with a listener.
func refusal(p *envoy.Process, details string) error {
	said := strings.Join(p.Log.Lines("surfaces["), "; ")
	for _, unknown := range []string{"is not a known key", "is not supported yet"} {
		if strings.Contains(p.Log.String(), unknown) {
			return fmt.Errorf("%w: %s", ErrNotInBuild, said)
		}
	}
	return fmt.Errorf("the listener was refused by Envoy: %s\n%s", details, p.Log.Tail(10))
}
