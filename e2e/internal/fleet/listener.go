package fleet

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// Variant is a listener that every proxy of a stand has.
type Variant struct {
	Name string
	// Config is the filter's configuration, in which CLUSTER stands for the cluster of the
	// rate limit service.
	Config string
	// Shares, if set, is the variant whose counters this one has in each proxy.
	Shares string
	// Wall has another service behind it, which answers everything by 401 and counts
	// nothing, for floods.
	Wall bool
	// Edit, if set, changes the listener. cluster is that of the service.
	Edit func(b *envoy.Bootstrap, cluster string)
}

// noFilter is the configuration of variants without the filter.
const noFilter = "{}"

// Bare is Envoy without a filter.
var Bare = Variant{Name: "bare", Config: noFilter, Edit: func(b *envoy.Bootstrap, _ string) { b.RemovePlugin() }}

// ByFilter is the filter with a configuration: members of its object besides "client",
// which takes the client's address from a header, so that one machine plays many.
func ByFilter(name string, members ...string) Variant {
	members = append([]string{`"client": {"source": "header:x-client", "trusted_proxies": ["127.0.0.0/8"]}`}, members...)
	return Variant{Name: name, Config: "{" + strings.Join(members, ", ") + "}"}
}

// Operations is the operations endpoint of a variant, for whoever has the token with this
// SHA-256 in hexadecimal.
func Operations(name, of, tokenSHA256 string) Variant {
	return Variant{Name: name, Shares: of, Config: fmt.Sprintf(`{"admin": {"tokens": [{"id": "me", "sha256": %q}]}}`, tokenSHA256)}
}

// Baseline rules, for the domain file.
const (
	BaselineFailures = "baseline/failures"
	BaselineRequests = "baseline/requests"
)

// CountingFailures is Envoy's own filter, ratelimit, which looks at the failures of a
// client before each request, and counts a 401 when the request has ended.
func CountingFailures(name, timeout string) Variant {
	look := baselineLimit(BaselineFailures)
	look["hits_addend"] = envoy.Object{"number": 0}
	count := baselineLimit(BaselineFailures)
	count["hits_addend"] = envoy.Object{"format": "%CEL(response.code == 401 ? 1 : 0)%"}
	count["apply_on_stream_done"] = true
	return byRateLimit(name, timeout, look, count)
}

// CountingRequests is Envoy's own filter as it is used most: it counts every request
// before it passes.
func CountingRequests(name, timeout string) Variant {
	return byRateLimit(name, timeout, baselineLimit(BaselineRequests))
}

// baselineLimit counts by client.
func baselineLimit(rule string) envoy.Object {
	return envoy.Object{"actions": []any{
		envoy.Object{"generic_key": envoy.Object{"descriptor_key": "rule", "descriptor_value": rule}},
		envoy.Object{"request_headers": envoy.Object{"header_name": "x-client", "descriptor_key": "key"}},
	}}
}

func byRateLimit(name, timeout string, limits ...any) Variant {
	return Variant{Name: name, Config: noFilter, Edit: func(b *envoy.Bootstrap, cluster string) {
		b.InsertBehind(envoy.Object{
			"name": "envoy.filters.http.ratelimit",
			"typed_config": envoy.Object{
				"@type":  "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit",
				"domain": DomainName, "timeout": timeout,
				"rate_limit_service": envoy.Object{
					"transport_api_version": "V3",
					"grpc_service":          envoy.Object{"envoy_grpc": envoy.Object{"cluster_name": cluster}},
				},
				"rate_limits": limits,
			},
		})
		b.RemovePlugin()
	}}
}
