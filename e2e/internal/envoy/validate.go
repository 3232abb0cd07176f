package envoy

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Put replaces, in a part of the configuration, what the YAML text has: "bootstrap",
// "listener", "hcm" (its HTTP connection manager), "json_format" (the fields of its
// access log), "plugin" (the filter's PluginConfig), "cluster" (that of the service) or
// "http_filters" (all filters but the router).
func (b *Bootstrap) Put(part, text string) error {
	switch part {
	case "http_filters":
		return b.putFilters(text)
	case "cluster":
		return b.PutCluster("service", text)
	}
	fieldsOfLog, err := lookup(b.HCM, "access_log", 0, "typed_config", "log_format", "json_format")
	if err != nil {
		return err
	}
	parts := map[string]Object{
		"bootstrap": b.tree, "listener": b.Listener, "hcm": b.HCM, "json_format": fieldsOfLog, "plugin": b.Plugin,
	}
	into, ok := parts[part]
	if !ok {
		return fmt.Errorf("there is no part %q", part)
	}
	return put(into, text)
}

// PutCluster replaces in the cluster called name what the YAML text has.
func (b *Bootstrap) PutCluster(name, text string) error {
	cluster, err := b.Cluster(name)
	if err != nil {
		return err
	}
	return put(cluster, text)
}

func put(into Object, text string) error {
	var fields Object
	if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
		return err
	}
	merge(into, fields)
	return nil
}

// merge lets from replace what is not an object.
func merge(into, from Object) {
	for key, value := range from {
		inner, isObject := value.(Object)
		if old, ok := into[key].(Object); ok && isObject {
			old = maps.Clone(old)
			merge(old, inner)
			value = old
		}
		into[key] = value
	}
}

func (b *Bootstrap) putFilters(text string) error {
	var filters []any
	if err := yaml.Unmarshal([]byte(text), &filters); err != nil {
		return err
	}
	old, _ := b.HCM["http_filters"].([]any)
	if len(old) == 0 {
		return errors.New("there is no router")
	}
	b.HCM["http_filters"] = append(filters, old[len(old)-1])
	return nil
}

// Validate asks Envoy whether it would start with a configuration.
func Validate(bin Binary, b *Bootstrap, dir, workDir string) error {
	text, err := b.JSON()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "validate.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	wasm := b.Wasm()
	if !filepath.IsAbs(wasm) {
		wasm = filepath.Join(workDir, wasm)
	}
	return ValidateFile(bin, file, workDir, wasm)
}

// ValidateFile asks Envoy whether it would start with a configuration file, in YAML or
// JSON. files are the other files that it reads.
func ValidateFile(bin Binary, file, workDir string, files ...string) error {
	cmd := bin.command(filepath.Dir(file), files, []string{"--mode", "validate", "--config-path", file})
	cmd.Dir = workDir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
