package add

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// tags cut the labels out of the names of the filter's metrics. A test compares them
// with those of envoy.yaml, which has the reasons.
var tags = []struct{ name, regex string }{
	{"surface", `^wasmcustom\.gatewarden_.*?(\.surface\.([^.]+))`},
	{"reason", `^wasmcustom\.gatewarden_.*?(\.reason\.([^.]+))`},
	{"rule", `^wasmcustom\.gatewarden_.*?(\.rule\.([^.]+))`},
	{"tool", `^wasmcustom\.gatewarden_.*?(\.tool\.([^.]+))`},
	{"outcome", `^wasmcustom\.gatewarden_.*?(\.outcome\.([^.]+))`},
	{"operation", `^wasmcustom\.gatewarden_.*?(\.operation\.([^.]+))`},
	{"kind", `^wasmcustom\.gatewarden_.*?(\.kind\.([^.]+))`},
	{"decision", `^wasmcustom\.gatewarden_.*?(\.decision\.([^.]+))`},
	{"plugin", `^wasm(\.(.+))\.vm_reload`},
}

// tagItems returns the items of stats_tags that the file lacks, by their names.
func tagItems(has func(name, regex string) bool) snippet {
	var b strings.Builder
	for _, tag := range tags {
		if !has(tag.name, tag.regex) {
			fmt.Fprintf(&b, "- {tag_name: %s, regex: '%s'}\n", tag.name, tag.regex)
		}
	}
	return snippet(b.String())
}

// module is the module that an instance runs, and the vm_id under which it counts.
type module struct{ vmID, wasm string }

// filterItem returns the entry of http_filters. name is the plugin's name, text the
// filter's own configuration. stop lets the filter hold a request's headers.
func filterItem(m module, name, text string, stop bool) snippet {
	lines := []string{
		"- name: gatewarden",
		"  typed_config:",
		`    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm`,
		"    config:",
		"      name: " + name,
		"      vm_config:",
		"        vm_id: " + scalar(m.vmID),
		"        runtime: envoy.wasm.runtime.v8",
		"        code:",
		"          local: {filename: " + scalar(m.wasm) + "}",
		"      failure_policy: FAIL_RELOAD",
	}
	if stop {
		lines = append(lines, "      allow_on_headers_stop_iteration: true")
	}
	lines = append(lines,
		"      configuration:",
		`        "@type": type.googleapis.com/google.protobuf.StringValue`,
		"        value: |")
	for _, line := range strings.Split(text, "\n") {
		lines = append(lines, "          "+line)
	}
	return snippet(strings.Join(lines, "\n") + "\n")
}

// scalar returns a text as YAML, in quotes if YAML could read it as anything else.
func scalar(text string) string {
	plain := text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-", r)
	})
	_, err := strconv.ParseFloat(text, 64)
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		plain = false
	}
	if plain && err != nil && text[0] != '-' && text[0] != '.' {
		return text
	}
	quoted, _ := json.Marshal(text) // a string always can be
	return string(quoted)
}

// operationsListener returns the listener of the operations endpoint, as in envoy.yaml.
// typed adds its type, for a list of resources.
func operationsListener(m module, port int, admin string, typed bool) snippet {
	typeLine := ""
	if typed {
		typeLine = "\n  \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener"
	}
	filter := strings.ReplaceAll("\n"+strings.TrimSuffix(string(filterItem(m, "gatewarden-operations", admin, false)), "\n"), "\n", "\n        ")
	return snippet(fmt.Sprintf(`- name: operations%s
  address:
    socket_address: {address: 127.0.0.1, port_value: %d}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: operations
        # No query: it names clients.
        access_log:
        - name: envoy.access_loggers.stdout
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
            log_format:
              json_format:
                time: "%%START_TIME%%"
                listener: operations
                method: "%%REQ(:METHOD)%%"
                path: "%%PATH(NQ)%%"
                status: "%%RESPONSE_CODE%%"
        http_filters:%s
        - name: envoy.filters.http.router
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
        # Nothing is routed: the filter answers everything itself.
        route_config: {name: operations}
`, typeLine, port, filter))
}
