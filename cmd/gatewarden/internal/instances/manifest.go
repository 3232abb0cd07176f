package instances

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// manifest reads the resources of Kubernetes that name the configuration by
// themselves. It tells whether there is nothing else to look for in it.
func (f *finder) manifest(document tree.Node, scope Scope) bool {
	spec := document.At("spec")
	switch document.At("kind").Text() {
	case "WasmPlugin":
		// https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/
		f.istio(document, spec, scope)
	case "TrafficExtension":
		// https://istio.io/latest/docs/reference/config/proxy_extensions/traffic_extension/
		f.istio(document, spec.At("wasm"), scope)
	case "EnvoyExtensionPolicy":
		// https://gateway.envoyproxy.io/docs/api/extension_types/#wasm
		for _, entry := range spec.At("wasm").Items() {
			f.gateway(document, entry, scope)
		}
	case "ConfigMap":
		for _, file := range document.At("data").Members() {
			f.configMap(file.Value)
		}
	case "List":
		for _, item := range document.At("items").Items() {
			f.document(item)
		}
	default:
		return false
	}
	return true
}

func (f *finder) istio(document, plugin tree.Node, scope Scope) {
	i := &Instance{Kind: Istio, Plugin: plugin, Scope: scope, Place: -1, Line: document.Line()}
	i.readStruct(plugin.At("pluginConfig"))
	if !isNamed(document.At("metadata", "name"), plugin.At("url"), plugin.At("pluginName")) && !ours(i.settings) {
		return
	}
	i.Where = resourceName(document)
	for _, v := range plugin.At("vmConfig", "env").Items() {
		name := v.At("name").Text()
		if v.At("valueFrom").Text() == "HOST" {
			i.fromOutside(name, f.environment)
			continue
		}
		i.Environment = append(i.Environment, name+"="+v.At("value").Text())
	}
	f.add(i)
}

func (f *finder) gateway(document, entry tree.Node, scope Scope) {
	i := &Instance{Kind: Gateway, Plugin: entry, Scope: scope, Place: -1, Line: entry.Line()}
	i.readStruct(entry.At("config"))
	if !isNamed(document.At("metadata", "name"), entry.At("name"), entry.At("code", "image", "url"), entry.At("code", "http", "url")) && !ours(i.settings) {
		return
	}
	i.Where = resourceName(document) + fmt.Sprintf(", wasm %q", entry.At("name").Text())
	for _, name := range entry.At("env", "hostKeys").Items() {
		i.fromOutside(name.Text(), f.environment)
	}
	f.add(i)
}

func resourceName(document tree.Node) string {
	return fmt.Sprintf("%s %q", document.At("kind").Text(), document.At("metadata", "name").Text())
}

// configMap looks into a file that is the value of a key.
func (f *finder) configMap(file tree.Node) {
	if !strings.Contains(file.Text(), "static_resources") && !strings.Contains(file.Text(), "filter_chains") {
		return
	}
	documents, err := file.Inside()
	if err != nil {
		f.err = fmt.Errorf("in the text that begins at line %d: %w", file.Line(), err)
		return
	}
	for _, document := range documents {
		f.document(document)
	}
}
