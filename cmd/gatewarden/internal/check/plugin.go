package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/replay"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/table"
)

// failurePolicy: envoy.yaml has the reasons.
func (c *checker) failurePolicy(i *instances.Instance) {
	policy := i.Plugin.At("failure_policy")
	open := i.Plugin.At("fail_open")
	remedy := "write failure_policy: FAIL_RELOAD"
	if reloads := release(33); c.target != nil && c.target.Envoy.Before(reloads) {
		remedy = c.target.update(reloads) + ", and " + remedy
	}
	if i.Kind == instances.Istio {
		policy = i.Plugin.At("failStrategy")
		if !policy.Exists() {
			policy = i.Resource.At("spec", "failStrategy")
		}
		remedy = "write failStrategy: FAIL_RELOAD, which Istio has since 1.27"
	}
	f := Finding{Rule: "failure-policy", Where: i.Where, Path: "failure_policy", Remedy: remedy}
	switch name := policy.Text(); {
	case open.True() || name == "FAIL_OPEN" || name == "3":
		if open.True() {
			policy, f.Path = open, "fail_open"
		}
		f.Severity = Error
		f.Message = "lets every request pass once the filter has crashed"
		f.Why = "One crash leaves the service unguarded on that worker until Envoy is restarted."
		if i.Kind == instances.Gateway {
			f.Remedy = "write failOpen: false"
		}
	case name == "FAIL_RELOAD" || name == "1" || i.Kind == instances.Gateway: // which has no such choice
		return
	default:
		f.Severity = Warning
		f.Message = "is FAIL_CLOSED, which is the default"
		f.Why = "One crash makes the service unreachable on that worker until Envoy is restarted; " +
			"with FAIL_RELOAD it costs one request, and the counters stay."
	}
	c.add(f, policy, i.Plugin)
}

func (c *checker) vmID(i *instances.Instance) {
	// The others have no such field. Istio gives them none, so that an operations
	// endpoint beside them must have none, too.
	if i.Kind != instances.Envoy || vmIDOf(i) != "" || i.Resource.Exists() && i.HasKey("admin") {
		return
	}
	c.add(Finding{
		Rule: "vm-id-empty", Severity: Warning, Where: i.Where, Path: "vm_config.vm_id",
		Message: "is empty",
		Why:     "The counters are then shared with every other Wasm filter of this Envoy whose vm_id is empty.",
		Remedy:  "write vm_id: gatewarden, the same for all instances that count together",
	}, i.Plugin.At("vm_config"), i.Plugin)
}

func vmIDOf(i *instances.Instance) string { return i.Plugin.At("vm_config", "vm_id").Text() }

// needed are the capabilities that the filter has no use without. A test holds them
// to the built module.
var needed = strings.Fields(`
proxy_add_header_map_value proxy_continue_stream proxy_define_metric proxy_get_buffer_bytes
proxy_get_header_map_pairs proxy_get_header_map_value proxy_get_property proxy_get_shared_data
proxy_grpc_call proxy_http_call proxy_increment_metric proxy_log proxy_record_metric proxy_remove_header_map_value
proxy_send_local_response proxy_set_buffer_bytes proxy_set_effective_context proxy_set_property proxy_set_shared_data
proxy_set_tick_period_milliseconds
proxy_on_configure proxy_on_context_create proxy_on_done proxy_on_grpc_close proxy_on_grpc_receive proxy_on_http_call_response
proxy_on_memory_allocate proxy_on_request_body proxy_on_request_headers proxy_on_request_trailers
proxy_on_response_body proxy_on_response_headers proxy_on_response_trailers proxy_on_tick
proxy_on_vm_start
clock_time_get environ_get environ_sizes_get random_get`)

// neededByGo are those that the runtime of standard Go cannot start without, as seen on
// Envoy 1.40.0.
var neededByGo = []string{"args_sizes_get", "fd_prestat_get"}

// capabilities: calls that are not allowed fail as if the host were broken.
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/wasm/v3/wasm.proto#extensions-wasm-v3-capabilityrestrictionconfig
func (c *checker) capabilities(i *instances.Instance) {
	restriction := i.Plugin.At("capability_restriction_config", "allowed_capabilities")
	allowed := restriction.Members()
	if len(allowed) == 0 { // everything is
		return
	}
	if missing := missingFrom(allowed, needed); len(missing) > 0 {
		c.add(Finding{
			Rule: "capabilities", Severity: Error, Where: i.Where, Path: "capability_restriction_config.allowed_capabilities",
			Message: "lacks " + strings.Join(missing, ", "),
			Why:     "Without shared data the filter refuses to start; without the rest it does not see or cannot answer requests.",
			Remedy:  "add them, or remove capability_restriction_config",
		}, restriction)
		return
	}
	if missing := missingFrom(allowed, neededByGo); len(missing) > 0 {
		c.add(Finding{
			Rule: "capabilities", Severity: Warning, Where: i.Where, Path: "capability_restriction_config.allowed_capabilities",
			Message: "lacks " + strings.Join(missing, ", "),
			Why:     "A module that standard Go has built ends before it starts without them. TinyGo's does not need them.",
			Remedy:  "add them, unless the module is TinyGo's",
		}, restriction)
	}
}

// missingFrom returns the names that are not among the members.
func missingFrom(members []tree.Member, names []string) (missing []string) {
	for _, name := range names {
		if !slices.ContainsFunc(members, func(m tree.Member) bool { return m.Key == name }) {
			missing = append(missing, name)
		}
	}
	return missing
}

// stopIteration: what the filter is told has to be what Envoy does.
func (c *checker) stopIteration(i *instances.Instance) {
	if i.Config == nil {
		return
	}
	const field = headersStopIteration
	node, told := i.Plugin.At(field), i.Config.HeadersStopIteration
	f := Finding{Rule: "stop-iteration", Where: i.Where, Path: field}
	switch {
	case told == config.StopIterationAllowed && !node.True():
		f.Severity, f.Line = Error, i.LineOf(field)
		f.Message = "is true in the plugin configuration and not in Envoy's PluginConfig"
		f.Why = "Requests whose body the filter waits for hang: those of locked-out MCP clients, and forms whose account is counted."
		f.Remedy = "write " + field + ": true beside vm_config, too"
		if i.Kind != instances.Envoy {
			f.Message = "is true in the plugin configuration, and this kind of resource cannot set it for Envoy"
			f.Remedy = "remove it from the plugin configuration: the filter finds out by itself"
		}
	case told == config.StopIterationMissing && node.True():
		f.Severity = Warning
		f.Message = "is true in Envoy's PluginConfig and false in the plugin configuration"
		f.Why = "The filter does not use what Envoy offers: MCP refusals lack the id of the request, and the service sees the headers of refused forms."
		f.Remedy = "remove it from the plugin configuration: the filter finds out by itself"
	case i.Config.MCP != nil && i.Kind == instances.Envoy && !node.True():
		f.Severity = Warning
		f.Message = "is not set in Envoy's PluginConfig"
		f.Why = "The service receives the headers of MCP requests that the filter refuses because of their body."
		f.Remedy = "write " + field + ": true beside vm_config"
	default:
		return
	}
	c.add(f, node, i.Plugin.At("vm_config"))
}

// buffer: what the filter holds of a body, Envoy must be willing to hold.
func (c *checker) buffer(i *instances.Instance) {
	const field = "per_connection_buffer_limit_bytes"
	node := i.Listener.At(field)
	limit, ok := node.Number()
	if i.Config == nil || !ok || limit == 0 {
		return
	}
	most := mostHeld(i.Config)
	if limit >= most {
		return
	}
	c.add(Finding{
		Rule: "buffer-limit", Severity: Warning, Where: i.Where, Path: "listener: " + field,
		Message: fmt.Sprintf("is %d, and the filter holds request bodies of up to %d bytes", limit, most),
		Why:     "If Envoy may not hold that much of a request, it answers 413, whether the client is locked out or not.",
		Remedy:  fmt.Sprintf("write at least %d, or leave the field out, which means 1 MiB", most),
	}, node)
}

// mostHeld is how long a request body may be that the filter holds, 0 if it holds none.
func mostHeld(c *config.Config) int64 {
	most := 0
	if guard(c).HoldsBodies() {
		most = jsonrpc.MaxRequest
	}
	if c.MCP != nil {
		most = max(most, c.MCP.MaxBody)
	}
	return int64(most)
}

// guard returns the filter that a configuration makes, which knows what it does.
func guard(c *config.Config) *filter.Filter { return filter.New(c, replay.NewHost(), table.Seed{}) }

// locksOut tells whether an instance counts failures. One whose configuration is
// refused is reported for that.
func locksOut(i *instances.Instance) bool {
	if i.Config == nil {
		return false
	}
	f := guard(i.Config)
	for s := range i.Config.Surfaces {
		if f.CountsFailures(s) {
			return true
		}
	}
	return false
}

// nodesOf are where to point when a field of a manager is missing.
func nodesOf(i *instances.Instance, field ...string) []tree.Node {
	return []tree.Node{i.Manager.At(field...), i.Manager}
}
