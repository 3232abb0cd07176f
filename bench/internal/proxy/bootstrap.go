package proxy

import (
	"net"
	"strconv"
)

// object is a JSON object.
type object = map[string]any

// bootstrap is the same for every variant but for the filter: no access log, no
// tracing, answers made by the router.
func (e Envoy) bootstrap() object {
	clusters := e.Clusters
	if e.Routed {
		clusters = append(clusters, object{"name": nowhere, "type": "STATIC", "connect_timeout": "1s"})
	}
	if e.Service != "" {
		clusters = append(clusters, e.serviceCluster())
	}
	return object{
		"admin": object{"address": local(0)},
		"static_resources": object{"clusters": clusters, "listeners": []any{object{
			"name": "public", "address": local(0),
			// Connections spread evenly, so that two workers are two workers.
			"enable_reuse_port":         false,
			"connection_balance_config": object{"exact_balance": object{}},
			"filter_chains":             []any{object{"filters": []any{e.connectionManager()}}},
		}}},
	}
}

func local(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}

func (e Envoy) connectionManager() object {
	filters := []any{object{"name": "envoy.filters.http.router", "typed_config": object{
		"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
	}}}
	if e.Routed {
		filters = append([]any{inItsPlace}, filters...)
	}
	if e.Filter != nil {
		filters = append([]any{e.Filter}, filters...)
	}
	return object{
		"name": "envoy.filters.network.http_connection_manager",
		"typed_config": object{
			"@type":       "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
			"stat_prefix": "public",
			// So that one machine can stand for a million clients, who say who
			// they are in X-Forwarded-For.
			"use_remote_address":      false,
			"internal_address_config": object{},
			"normalize_path":          true,
			"merge_slashes":           true,
			"http_filters":            filters,
			"route_config": object{"virtual_hosts": []any{object{
				"name": "all", "domains": []string{"*"}, "routes": e.routes(),
			}}},
		},
	}
}

func (e Envoy) routes() []any {
	all := object{"match": object{"prefix": "/"}, "route": object{"cluster": nowhere}}
	switch {
	case e.Service != "":
		all["route"] = object{"cluster": service}
	case !e.Routed:
		all = direct("/", Answer{Status: 200, Body: Body})
	}
	return []any{
		direct(FailPath, Answer{Status: 401, Body: Body}),
		direct(DenyPath, e.Denied),
		all,
	}
}

// service is the cluster of Envoy.Service.
const service = "service"

func (e Envoy) serviceCluster() object {
	host, port, _ := net.SplitHostPort(e.Service)
	number, _ := strconv.Atoi(port) // Envoy refuses an address that is none
	return object{
		"name": service, "type": "STATIC", "connect_timeout": "1s",
		"load_assignment": object{"cluster_name": service, "endpoints": []any{object{"lb_endpoints": []any{object{
			"endpoint": object{"address": object{"socket_address": object{"address": host, "port_value": number}}},
		}}}}},
	}
}

// nowhere is a service that nobody reaches.
const nowhere = "nowhere"

// RoutedBody is what inItsPlace answers, which is Envoy's word.
const RoutedBody = "fault filter abort"

// inItsPlace answers 200 to requests for PassPath, and leaves the others to the router.
var inItsPlace = object{"name": "envoy.filters.http.fault", "typed_config": object{
	"@type":   "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
	"headers": []any{object{"name": ":path", "string_match": object{"exact": PassPath}}},
	"abort":   object{"http_status": 200, "percentage": object{"numerator": 100, "denominator": "HUNDRED"}},
}}

func direct(prefix string, a Answer) object {
	if a.Status == 0 {
		a.Status = 429
	}
	response := object{"status": a.Status}
	if a.Body != "" {
		response["body"] = object{"inline_string": a.Body}
	}
	var headers []any
	for _, h := range a.Headers {
		headers = append(headers, object{
			"header": object{"key": h[0], "value": h[1]}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
		})
	}
	return object{
		"match": object{"prefix": prefix}, "direct_response": response, "response_headers_to_add": headers,
	}
}
