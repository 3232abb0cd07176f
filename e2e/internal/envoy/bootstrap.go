package envoy

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Object is a piece of an Envoy configuration, as YAML and JSON have it.
type Object = map[string]any

// PluginName is what the filter is called in envoy.yaml.
const PluginName = "gatewarden"

// Bootstrap is an Envoy configuration like the repository's envoy.yaml, opened
// for changes. The parts that are changed most have a name here; they are views
// into one tree, so a change of one is a change of the whole.
type Bootstrap struct {
	tree Object
	// Admin is the socket_address of the admin endpoint.
	Admin Object
	// Listener is the first static listener.
	Listener Object
	// HCM is the configuration of the listener's HTTP connection manager.
	HCM Object
	// Plugin is the PluginConfig of the filter named PluginName.
	Plugin Object
	// operations is the listener that the file has as comments, see Operations.
	operations Object
}

// Load reads the YAML file at path.
func Load(path string) (*Bootstrap, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	b, err := parse(text)
	if err == nil {
		b.operations, err = operationsOf(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func parse(text []byte) (*Bootstrap, error) {
	b := &Bootstrap{}
	if err := yaml.Unmarshal(text, &b.tree); err != nil {
		return nil, err
	}
	var err error
	if b.Admin, err = lookup(b.tree, "admin", "address", "socket_address"); err != nil {
		return nil, err
	}
	if b.Listener, err = lookup(b.tree, "static_resources", "listeners", 0); err != nil {
		return nil, err
	}
	if err := b.index(); err != nil {
		return nil, err
	}
	return b, nil
}

// index finds HCM and Plugin below Listener.
func (b *Bootstrap) index() (err error) {
	if b.HCM, err = lookup(b.Listener, "filter_chains", 0, "filters", 0, "typed_config"); err != nil {
		return err
	}
	filters, _ := b.HCM["http_filters"].([]any)
	for _, f := range filters {
		if filter, ok := f.(Object); ok && filter["name"] == PluginName {
			b.Plugin, err = lookup(filter, "typed_config", "config")
			return err
		}
	}
	return fmt.Errorf("http_filters has no filter named %s", PluginName)
}

// lookup walks down keys (strings) and positions (ints) to an object.
func lookup(from any, path ...any) (Object, error) {
	at := from
	for i, step := range path {
		var next any
		switch step := step.(type) {
		case string:
			if object, ok := at.(Object); ok {
				next = object[step]
			}
		case int:
			if list, ok := at.([]any); ok && step < len(list) {
				next = list[step]
			}
		}
		if next == nil {
			return nil, fmt.Errorf("nothing at %v", path[:i+1])
		}
		at = next
	}
	object, ok := at.(Object)
	if !ok {
		return nil, fmt.Errorf("%v is not an object", path)
	}
	return object, nil
}

// resources are the static "listeners" or "clusters".
func (b *Bootstrap) resources(kind string) []any {
	static, _ := b.tree["static_resources"].(Object)
	list, _ := static[kind].([]any)
	return list
}

// onlyKeepModule takes listeners and clusters away, and has one VM on the main thread
// that keeps the filter's module compiled.
func (b *Bootstrap) onlyKeepModule() {
	b.tree["static_resources"] = Object{}
	b.SetPluginConfig("{}")
	b.SetVM("keeper")
	b.tree["bootstrap_extensions"] = []any{Object{
		"name": "envoy.bootstrap.wasm",
		"typed_config": Object{
			"@type":     "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
			"singleton": true,
			"config":    b.Plugin,
		},
	}}
}

// FreePorts lets the system choose the ports of admin endpoint and listener.
func (b *Bootstrap) FreePorts() error {
	address, err := lookup(b.Listener, "address", "socket_address")
	if err != nil {
		return err
	}
	b.Admin["port_value"] = 0
	address["port_value"] = 0
	return nil
}

// SetPorts gives the listener, the admin endpoint and, if there is one, the operations
// endpoint other ports.
func (b *Bootstrap) SetPorts(public, admin, operations int) error {
	address, err := lookup(b.Listener, "address", "socket_address")
	if err != nil {
		return err
	}
	address["port_value"], b.Admin["port_value"] = public, admin
	for _, l := range b.resources("listeners") {
		listener, _ := l.(Object)
		if listener["name"] != OperationsListener {
			continue
		}
		if address, err = lookup(listener, "address", "socket_address"); err != nil {
			return err
		}
		address["port_value"] = operations
	}
	return nil
}

// AddCopy adds a listener called name: a copy of the first with a filter
// configuration of its own and, if edit is not nil, other changes.
func (b *Bootstrap) AddCopy(name, config string, edit func(b *Bootstrap) error) error {
	other, err := b.Clone()
	if err != nil {
		return err
	}
	other.Listener["name"] = name
	other.SetPluginConfig(config)
	if edit != nil {
		if err := edit(other); err != nil {
			return err
		}
	}
	return b.AddListener(other.Listener)
}

// RouteTo makes the listener send everything to one cluster.
func (b *Bootstrap) RouteTo(cluster string) {
	b.HCM["route_config"] = Object{"name": cluster, "virtual_hosts": []any{Object{
		"name": cluster, "domains": []any{"*"}, "routes": []any{Object{
			"match": Object{"prefix": "/"}, "route": Object{"cluster": cluster},
		}},
	}}}
}

// AddListener adds a listener beside the first.
func (b *Bootstrap) AddListener(listener Object) error {
	resources, err := lookup(b.tree, "static_resources")
	if err != nil {
		return err
	}
	listeners, _ := resources["listeners"].([]any)
	resources["listeners"] = append(listeners, listener)
	return nil
}

// SetPluginConfig replaces the filter's own configuration, a JSON text.
func (b *Bootstrap) SetPluginConfig(text string) {
	b.Plugin["configuration"] = Object{
		"@type": "type.googleapis.com/google.protobuf.StringValue",
		"value": text,
	}
}

// PluginConfig returns the filter's own configuration.
func (b *Bootstrap) PluginConfig() (string, error) {
	configuration, err := lookup(b.Plugin, "configuration")
	if err != nil {
		return "", err
	}
	text, ok := configuration["value"].(string)
	if !ok {
		return "", fmt.Errorf("the configuration of %s is not a StringValue", PluginName)
	}
	return text, nil
}

// SetEnvironment adds a variable to the environment that the filter sees.
func (b *Bootstrap) SetEnvironment(name, value string) {
	vm, _ := b.Plugin["vm_config"].(Object)
	inner(inner(vm, "environment_variables"), "key_values")[name] = value
}

// inner is the object in another one, which is made if there is none.
func inner(outer Object, key string) Object {
	object, ok := outer[key].(Object)
	if !ok {
		object = Object{}
		outer[key] = object
	}
	return object
}

// SetVM gives the filter a vm_id, to which its counters belong.
func (b *Bootstrap) SetVM(id string) {
	vm, _ := b.Plugin["vm_config"].(Object)
	vm["vm_id"] = id
}

// SetWasm makes the filter load the module at path.
func (b *Bootstrap) SetWasm(path string) error {
	local, err := lookup(b.Plugin, "vm_config", "code", "local")
	if err != nil {
		return err
	}
	local["filename"] = path
	return nil
}

// Wasm is the path of the filter's module as configured.
func (b *Bootstrap) Wasm() string {
	local, err := lookup(b.Plugin, "vm_config", "code", "local")
	if err != nil {
		return ""
	}
	path, _ := local["filename"].(string)
	return path
}

// InsertBehind puts an HTTP filter right behind Gatewarden.
func (b *Bootstrap) InsertBehind(filter Object) { b.insert(nil, []any{filter}) }

// InsertBefore puts an HTTP filter right in front of Gatewarden.
func (b *Bootstrap) InsertBefore(filter Object) { b.insert([]any{filter}, nil) }

func (b *Bootstrap) insert(before, behind []any) {
	filters, _ := b.HCM["http_filters"].([]any)
	var out []any
	for _, f := range filters {
		object, ok := f.(Object)
		ours := ok && object["name"] == PluginName
		if ours {
			out = append(out, before...)
		}
		out = append(out, f)
		if ours {
			out = append(out, behind...)
		}
	}
	b.HCM["http_filters"] = out
}

// RemovePlugin takes Gatewarden out, for tests of everything around it.
func (b *Bootstrap) RemovePlugin() {
	filters, _ := b.HCM["http_filters"].([]any)
	var out []any
	for _, f := range filters {
		if object, ok := f.(Object); !ok || object["name"] != PluginName {
			out = append(out, f)
		}
	}
	b.HCM["http_filters"] = out
}

// Cluster returns the static cluster called name.
func (b *Bootstrap) Cluster(name string) (Object, error) {
	resources, err := lookup(b.tree, "static_resources")
	if err != nil {
		return nil, err
	}
	clusters, _ := resources["clusters"].([]any)
	for _, c := range clusters {
		if cluster, ok := c.(Object); ok && cluster["name"] == name {
			return cluster, nil
		}
	}
	return nil, fmt.Errorf("there is no cluster %q", name)
}

// SetEndpoint makes the cluster called name consist of one address, host:port.
func (b *Bootstrap) SetEndpoint(name, address string) error {
	cluster, err := b.Cluster(name)
	if err != nil {
		return err
	}
	assignment, err := loadAssignment(name, address)
	if err != nil {
		return err
	}
	cluster["load_assignment"] = assignment
	return nil
}

// Endpoint is the address, host:port, of the first endpoint of a cluster.
func (b *Bootstrap) Endpoint(name string) (string, error) {
	cluster, err := b.Cluster(name)
	if err != nil {
		return "", err
	}
	socket, err := lookup(cluster, "load_assignment", "endpoints", 0, "lb_endpoints", 0,
		"endpoint", "address", "socket_address")
	return hostPort(socket), err
}

// ListenerAddress is the address, host:port, that the listener is to have.
func (b *Bootstrap) ListenerAddress() (string, error) {
	socket, err := lookup(b.Listener, "address", "socket_address")
	return hostPort(socket), err
}

// AdminAddress is the address, host:port, that the admin endpoint is to have.
func (b *Bootstrap) AdminAddress() string { return hostPort(b.Admin) }

func hostPort(socket Object) string {
	return net.JoinHostPort(fmt.Sprint(socket["address"]), fmt.Sprint(socket["port_value"]))
}

// AddCluster adds a cluster of one address, host:port.
func (b *Bootstrap) AddCluster(name, address string) error {
	assignment, err := loadAssignment(name, address)
	if err != nil {
		return err
	}
	resources, err := lookup(b.tree, "static_resources")
	if err != nil {
		return err
	}
	clusters, _ := resources["clusters"].([]any)
	resources["clusters"] = append(clusters, Object{
		"name": name, "type": "STATIC", "connect_timeout": "5s", "load_assignment": assignment,
	})
	return nil
}

// FollowProtocol makes Envoy speak HTTP/2 to the cluster called name for clients that
// speak it, as gRPC needs.
func (b *Bootstrap) FollowProtocol(name string) error {
	return b.setProtocol(name, "use_downstream_protocol_config",
		Object{"http_protocol_options": Object{}, "http2_protocol_options": Object{}})
}

// SpeakHTTP2 makes Envoy speak HTTP/2 to the cluster called name, whatever clients speak.
func (b *Bootstrap) SpeakHTTP2(name string) error {
	return b.setProtocol(name, "explicit_http_config", Object{"http2_protocol_options": Object{}})
}

func (b *Bootstrap) setProtocol(cluster, choice string, options Object) error {
	c, err := b.Cluster(cluster)
	if err != nil {
		return err
	}
	const extension = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	c["typed_extension_protocol_options"] = Object{
		extension: Object{"@type": "type.googleapis.com/" + extension, choice: options},
	}
	return nil
}

func loadAssignment(cluster, address string) (Object, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(service)
	if err != nil {
		return nil, err
	}
	socket := Object{"socket_address": Object{"address": host, "port_value": port}}
	return Object{
		"cluster_name": cluster,
		"endpoints":    []any{Object{"lb_endpoints": []any{Object{"endpoint": Object{"address": socket}}}}},
	}, nil
}

// Clone returns a copy that shares nothing with b.
func (b *Bootstrap) Clone() (*Bootstrap, error) {
	text, err := yaml.Marshal(b.tree)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// JSON is the whole configuration as Envoy reads it from a .json file.
func (b *Bootstrap) JSON() ([]byte, error) {
	return json.MarshalIndent(b.tree, "", "  ")
}
