package proxy

import (
	"errors"
	"strings"
	"time"
)

// Rule is what has a counter of its own: each value of a header or, if Header is
// empty, each address.
type Rule struct{ Header string }

// key is the rule's in Envoy's descriptors.
func (r Rule) key() string {
	if r.Header == "" {
		return "remote_address"
	}
	return strings.ToLower(r.Header)
}

// rateLimits makes a descriptor of each rule.
func rateLimits(rules []Rule) []any {
	var limits []any
	for _, r := range rules {
		action := object{"remote_address": object{}}
		if r.Header != "" {
			action = object{"request_headers": object{"header_name": r.key(), "descriptor_key": r.key()}}
		}
		limits = append(limits, object{"actions": []any{action}})
	}
	return limits
}

// LocalQuotas is Envoy's local_ratelimit with a limit for each value of each rule,
// and the headers that tell what is left. What is spent comes back so slowly that
// none does while something is measured.
func LocalQuotas(rules []Rule, limit, values int) any {
	always := object{"default_value": object{"numerator": 100, "denominator": "HUNDRED"}}
	var descriptors []any
	for _, r := range rules {
		descriptors = append(descriptors, object{
			"entries":      []any{object{"key": r.key()}},
			"token_bucket": object{"max_tokens": limit, "tokens_per_fill": 1, "fill_interval": "86400s"},
		})
	}
	return object{"name": "envoy.filters.http.local_ratelimit", "typed_config": object{
		"@type":          "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
		"stat_prefix":    "bench",
		"token_bucket":   object{"max_tokens": 1 << 31, "tokens_per_fill": 1 << 31, "fill_interval": "1s"},
		"filter_enabled": always, "filter_enforced": always,
		"rate_limits":                         rateLimits(rules),
		"descriptors":                         descriptors,
		"max_dynamic_descriptors":             values,
		"always_consume_default_token_bucket": false,
		"enable_x_ratelimit_headers":          "DRAFT_VERSION_03",
	}}
}

// EnvoyWithService is an Envoy whose filter asks a rate limit service, in the
// cluster RateLimitCluster.
type EnvoyWithService struct {
	Envoy
	Service RateLimitService
	// Limits is the service's file: see ServiceLimits.
	Limits string
}

// Start starts the service, then Envoy, and returns when both serve.
func (e EnvoyWithService) Start() (*Server, error) {
	begin := time.Now()
	asked, err := e.Service.start(e.Limits)
	if err != nil {
		return nil, err
	}
	e.Clusters = []any{serviceCluster(asked.port)}
	s, err := e.Envoy.Start()
	if err != nil {
		err = errors.Join(err, errors.New(asked.log()))
		asked.stop()
		return nil, err
	}
	s.store, s.Ready = asked, time.Since(begin)
	return s, nil
}

// RateLimitCluster is the cluster of the service.
const RateLimitCluster = "ratelimit"

// RateLimit is Envoy's filter that asks the service about each request. It fails where
// the service does: what is let through uncounted would not be noticed. By default, Envoy
// waits for 20 ms and lets it through.
func RateLimit(rules []Rule) any {
	return object{"name": "envoy.filters.http.ratelimit", "typed_config": object{
		"@type":                      "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
		"domain":                     serviceDomain,
		"timeout":                    "5s",
		"failure_mode_deny":          true,
		"enable_x_ratelimit_headers": "DRAFT_VERSION_03",
		"rate_limits":                rateLimits(rules),
		"rate_limit_service": object{
			"transport_api_version": "V3",
			"grpc_service":          object{"envoy_grpc": object{"cluster_name": RateLimitCluster}},
		},
	}}
}

func serviceCluster(port string) any {
	return object{
		"name": RateLimitCluster, "type": "STATIC", "connect_timeout": "1s",
		"load_assignment": object{"cluster_name": RateLimitCluster, "endpoints": []any{object{
			"lb_endpoints": []any{object{"endpoint": object{"address": object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}}}},
		}}},
		"typed_extension_protocol_options": object{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
			"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			"explicit_http_config": object{"http2_protocol_options": object{}},
		}},
	}
}
