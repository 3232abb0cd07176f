// Package instances finds the instances of the filter in a file: a plugin
// configuration, a configuration of Envoy, or manifests for Kubernetes.
package instances

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// File is what a file holds.
type File struct {
	Instances []*Instance
	// Bootstraps are the whole configurations of Envoy in it.
	Bootstraps []tree.Node
	// Documents are all that is in it, unless it is one plugin configuration.
	Documents []tree.Node
}

// Kind says what an instance is configured by.
type Kind uint8

// The kinds.
const (
	// Plain is a plugin configuration in a file of its own.
	Plain Kind = iota
	// Envoy is a filter in Envoy's own configuration.
	Envoy
	// Istio is a WasmPlugin or a TrafficExtension.
	Istio
	// Gateway is an entry of Envoy Gateway's EnvoyExtensionPolicy.
	Gateway
)

// Instance is one plugin configuration and what is around it.
type Instance struct {
	Kind Kind
	// Where names it for people; "" for a file that is nothing else.
	Where string
	// Text is the plugin configuration as the filter gets it, and Environment
	// the variables of its VM.
	Text        []byte
	Environment []string
	// Problem says why Text cannot be known, with Line.
	Problem string
	Line    int
	// Config is nil if the filter refuses the text, for the reasons in Refused.
	Config  *config.Config
	Refused *config.Error
	// Plugin is Envoy's PluginConfig, the spec of Istio's resource, or the entry
	// of Envoy Gateway's; absent for a plain one.
	Plugin tree.Node
	Scope
	// Place is its position in Scope.Filters.
	Place int

	// settings is the configuration itself, text the scalar that it is written in,
	// variables those of the VM.
	settings, text, variables tree.Node
}

// Scope has the parts of Envoy's configuration around a filter. Unknown parts are absent.
type Scope struct {
	Listener, FilterChain tree.Node
	// Manager is the HTTP connection manager, Filters are its http_filters.
	Manager tree.Node
	Filters []tree.Node
	// Resource is the Kubernetes resource around it.
	Resource tree.Node
}

// Read finds what is in a file. The variables, as NAME=value, are put over those
// that the file gives to VMs. The error says why the file is neither YAML nor JSON.
func Read(file []byte, environment []string) (*File, error) {
	f := &finder{environment: environment}
	documents, err := tree.Parse(file)
	if !foreign(documents, err, file) {
		plain := &Instance{Kind: Plain, Text: file, Line: 1}
		if err == nil && len(documents) == 1 {
			plain.settings = documents[0]
		}
		f.add(plain)
		return &f.File, nil
	}
	if err != nil {
		return nil, err
	}
	f.Documents = documents
	for _, document := range documents {
		f.document(document)
	}
	f.resolve()
	return &f.File, f.err
}

// foreign tells whether a file is not a plugin configuration, but may contain some.
func foreign(documents []tree.Node, err error, file []byte) bool {
	text := bytes.TrimSpace(file)
	if bytes.HasPrefix(text, []byte("{")) && (err != nil || len(documents) == 1 && !envoys(documents[0])) || len(text) == 0 {
		return false
	}
	// One that was written in YAML by mistake is told what is wrong.
	return err != nil || len(documents) != 1 || !ours(documents[0])
}

// envoys tells whether an object is Envoy's or Kubernetes'.
func envoys(document tree.Node) bool {
	for _, key := range []string{"static_resources", "dynamic_resources", "resources", "@type", "kind", "filter_chains", "listeners", "configs", "http_filters", "typed_config"} {
		if document.At(key).Exists() {
			return true
		}
	}
	return false
}

// ours tells whether an object has a key of a plugin configuration that others are not
// likely to have.
func ours(document tree.Node) bool {
	for _, key := range []string{"surfaces", "quotas", "exempt", "untrusted_headers", "allow_on_headers_stop_iteration"} {
		if document.At(key).Exists() {
			return true
		}
	}
	return false
}

// finder walks through documents.
type finder struct {
	File
	environment []string
	// extensions are configurations that filters have by their name
	// (config_discovery), references the filters that have theirs so.
	extensions, references []placed
	// steps bounds what aliases of aliases can grow to.
	steps int
	err   error
}

// placed is something with a name, and where it is.
type placed struct {
	node  tree.Node
	scope Scope
	place int
}

const (
	maxSteps = 1 << 20
	maxDepth = 100
)

func (f *finder) document(document tree.Node) {
	if document.At("static_resources").Exists() || document.At("dynamic_resources").Exists() {
		f.Bootstraps = append(f.Bootstraps, document)
	}
	scope := Scope{}
	if document.At("apiVersion").Exists() {
		scope.Resource = document
		if f.manifest(document, scope) {
			return
		}
	}
	f.walk(document, scope, -1, 0)
}

// walk looks for filters in a node and below. place is that of the node in
// scope.Filters, or of the last node above it that has one.
func (f *finder) walk(n tree.Node, scope Scope, place, depth int) {
	f.steps++
	if f.steps > maxSteps || depth > maxDepth {
		f.err = fmt.Errorf("line %d: the file is nested too deeply or too large", n.Line())
	}
	if f.err != nil {
		return
	}
	name, body := Message(n)
	switch {
	case place < 0 && TypeOf(n) == wasmType:
		f.extensions = append(f.extensions, placed{n, scope, place})
		return
	case name == wasmType:
		f.wasm(body.At("config"), scope, place)
		return
	case strings.HasSuffix(name, ".HttpConnectionManager"):
		scope.Manager, scope.Filters = body, body.At("http_filters").Items()
	case body.At("filter_chains").Exists() || body.At("default_filter_chain").Exists() || strings.HasSuffix(name, ".Listener"):
		scope.Listener, scope.FilterChain = body, tree.Node{}
	}
	for _, member := range body.Members() {
		f.walkMember(member, scope, place, depth)
	}
	for _, item := range body.Items() {
		f.walk(item, scope, place, depth+1)
	}
}

func (f *finder) walkMember(member tree.Member, scope Scope, place, depth int) {
	switch member.Key {
	case "http_filters", "httpFilters":
		for i, filter := range member.Value.Items() {
			if filter.At("config_discovery").Exists() {
				f.references = append(f.references, placed{filter, scope, i})
			}
			f.walk(filter, scope, i, depth+1)
		}
	case "filter_chains", "filterChains":
		for _, chain := range member.Value.Items() {
			scope.FilterChain = chain
			f.walk(chain, scope, place, depth+1)
		}
	case "default_filter_chain", "defaultFilterChain":
		scope.FilterChain = member.Value
		f.walk(member.Value, scope, place, depth+1)
	default:
		f.walk(member.Value, scope, place, depth+1)
	}
}

const wasmType = "envoy.extensions.filters.http.wasm.v3.Wasm"

// resolve puts configurations that stand apart where filters refer to them.
func (f *finder) resolve() {
	for _, extension := range f.extensions {
		_, body := Message(extension.node.At("typed_config"))
		plugin, used := body.At("config"), false
		for _, reference := range f.references {
			if name := reference.node.At("name").Text(); name == extension.node.At("name").Text() {
				f.wasm(plugin, reference.scope, reference.place)
				used = true
			}
		}
		if !used {
			f.wasm(plugin, extension.scope, extension.place)
		}
	}
}

// Message is the type of a typed configuration and its fields, TypedStruct undone.
func Message(n tree.Node) (name string, body tree.Node) {
	name = lastPart(n.At("@type").Text())
	if strings.HasSuffix(name, ".TypedStruct") {
		return lastPart(n.At("type_url").Text()), n.At("value")
	}
	return name, n
}

// TypeOf is the full name of the message that an entry of http_filters is
// configured with.
func TypeOf(filter tree.Node) string {
	name, _ := Message(filter.At("typed_config"))
	return name
}

func lastPart(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// wasm notes a Wasm filter if it is ours.
func (f *finder) wasm(plugin tree.Node, scope Scope, place int) {
	i := &Instance{Kind: Envoy, Plugin: plugin, Scope: scope, Place: place, Line: plugin.Line()}
	i.readConfiguration(plugin.At("configuration"))
	filter := tree.Node{}
	if place >= 0 && place < len(scope.Filters) {
		filter = scope.Filters[place]
	}
	vm := plugin.At("vm_config")
	if !isNamed(filter.At("name"), plugin.At("name"), plugin.At("root_id"), vm.At("vm_id"),
		vm.At("code", "local", "filename"), vm.At("code", "remote", "http_uri", "uri")) && !ours(i.settings) {
		return
	}
	i.Where = where(scope, filter, plugin)
	variables := vm.At("environment_variables")
	i.variables = variables.At("key_values")
	for _, v := range i.variables.Members() {
		i.Environment = append(i.Environment, v.Key+"="+v.Value.Text())
	}
	for _, name := range variables.At("host_env_keys").Items() {
		i.fromOutside(name.Text(), f.environment)
	}
	f.add(i)
}

func where(scope Scope, filter, plugin tree.Node) string {
	var parts []string
	if r := scope.Resource; r.Exists() {
		parts = append(parts, fmt.Sprintf("%s %q", r.At("kind").Text(), r.At("metadata", "name").Text()))
	}
	if scope.Listener.Exists() {
		parts = append(parts, fmt.Sprintf("listener %q", scope.Listener.At("name").Text()))
	}
	name := filter.At("name").Text()
	if name == "" {
		name = plugin.At("name").Text()
	}
	return strings.Join(append(parts, fmt.Sprintf("filter %q", name)), ", ")
}

// isNamed tells whether one of the names speaks of Gatewarden.
func isNamed(names ...tree.Node) bool {
	for _, name := range names {
		if strings.Contains(strings.ToLower(name.Text()), "gatewarden") {
			return true
		}
	}
	return false
}

// Placeholder stands for a secret that is not known here, and is as long as one has to be.
const Placeholder = "not known before Envoy runs, but set then"

// fromOutside gives the VM a variable of Envoy's own environment. One that is not
// known here gets some value if the filter can bear any: it is there when Envoy
// runs.
func (i *Instance) fromOutside(name string, environment []string) {
	for _, entry := range environment {
		if strings.HasPrefix(entry, name+"=") {
			return // it is added with all the others
		}
	}
	if name != "TRUST_FORWARDED_FOR" && !strings.HasPrefix(name, "RATE_LIMIT_") {
		i.Environment = append(i.Environment, name+"="+Placeholder)
	}
}

// add parses an instance's configuration and keeps it.
func (f *finder) add(i *Instance) {
	i.Environment = merge(i.Environment, f.environment)
	f.Instances = append(f.Instances, i)
	if i.Problem != "" {
		return
	}
	c, err := config.Parse(i.Text, i.Environment)
	if err == nil {
		i.Config = c
		return
	}
	i.Refused = err.(*config.Error) //nolint:errorlint // the type that config.Parse promises
}

// merge puts variables over others, as an environment has each only once.
func merge(below, above []string) []string {
	values := map[string]string{}
	for _, entry := range append(append([]string(nil), below...), above...) {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	var merged []string
	for name, value := range values {
		merged = append(merged, name+"="+value)
	}
	sort.Strings(merged)
	return merged
}
