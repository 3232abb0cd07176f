package check

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/docs"
)

// TestManifests: the same for Kubernetes, and for files of other shapes.
func TestManifests(t *testing.T) {
	const istio = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: gatewarden}
spec:
  url: oci://registry.example.com/gatewarden
  phase: AUTHN
  failStrategy: FAIL_RELOAD
  pluginConfig:
    surfaces:
      - {name: api, kind: api, match: [{prefix: /v2}]}
`
	const extension = `apiVersion: extensions.istio.io/v1alpha1
kind: TrafficExtension
metadata: {name: gatewarden}
spec:
  phase: AUTHN
  wasm:
    url: oci://registry.example.com/gatewarden
    failStrategy: FAIL_RELOAD
    pluginConfig: {}
`
	const gateway = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: {name: policy}
spec:
  wasm:
    - name: gatewarden
      code: {type: Image, image: {url: registry.example.com/filter}}
      config: {}
`
	patch := func(value string) string {
		return `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: guard}
spec:
  configPatches:
    - applyTo: X
      patch: {operation: Y, value: ` + value + `}
`
	}
	filter := func(configuration string) string {
		return `{name: gatewarden, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: {
        vm_config: {vm_id: gatewarden}, failure_policy: FAIL_RELOAD, configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: '` + configuration + `'}}}}`
	}
	// apart is a listener whose filter has its configuration elsewhere, by its name.
	apart := func(address string) string {
		return `    - applyTo: LISTENER
      patch:
        value: {name: operations, address: {socket_address: {address: "` + address + `"}}, filter_chains: [{filters: [{typed_config: {
          "@type": t/x.HttpConnectionManager, http_filters: [{name: gatewarden, config_discovery: {}}]}}]}]}
`
	}
	for _, row := range []struct {
		name, text string
		changes    []change
		want       string
	}{
		{"Istio", istio, nil, ""},
		{"Istio open", istio, []change{{"FAIL_RELOAD", "FAIL_OPEN"}}, "error failure-policy failStrategy: FAIL_OPEN"},
		{"Istio closed", istio, []change{{"FAIL_RELOAD", "FAIL_CLOSE"}}, "warning failure-policy failStrategy: FAIL_CLOSE"},
		{"Istio by default", istio, []change{{"  failStrategy: FAIL_RELOAD\n", ""}}, "warning failure-policy url: oci://registry.example.com/gatewarden"},
		{"Istio's phase", istio, []change{{"AUTHN", "STATS"}}, "warning behind-authentication phase: STATS"},
		{"Istio without phase", istio, []change{{"  phase: AUTHN\n", ""}}, "warning behind-authentication url: oci://registry.example.com/gatewarden"},
		{"Istio refused", istio, []change{{"/v2", "v2"}}, "error configuration-refused - {name: api, kind: api, match: [{prefix: v2}]}"},
		{"Istio cannot set it", istio, []change{{"    surfaces:", "    allow_on_headers_stop_iteration: true\n    surfaces:"}}, "error stop-iteration allow_on_headers_stop_iteration: true"},
		{"Istio environment", istio, []change{{"  pluginConfig:", "  vmConfig: {env: [{name: RATE_LIMIT_REST_FAILURES, value: '3'}]}\n  pluginConfig:"}}, "error configuration-refused surfaces:"},
		{"Istio environment of the host", istio, []change{{"  pluginConfig:", "  vmConfig: {env: [{name: RATE_LIMIT_API_FAILURES, valueFrom: HOST}]}\n  pluginConfig:"}}, ""},
		{"Istio, operations endpoint", istio, []change{{"    surfaces:\n      - {name: api, kind: api, match: [{prefix: /v2}]}", "    " + strings.TrimSuffix(strings.TrimPrefix(admin, "{"), "}")}},
			"error admin-exposed " + strings.TrimSuffix(strings.TrimPrefix(admin, "{"), "}")},
		{"another plugin of Istio", strings.ReplaceAll(istio, "gatewarden", "another"), []change{{"surfaces", "things"}}, ""},
		{"TrafficExtension", extension, nil, ""},
		{"TrafficExtension open", extension, []change{{"FAIL_RELOAD", "FAIL_OPEN"}}, "error failure-policy failStrategy: FAIL_OPEN"},
		{"Envoy Gateway", gateway, nil, ""},
		{"Envoy Gateway open", gateway, []change{{"      config: {}", "      failOpen: true\n      config: {}"}}, "error failure-policy failOpen: true"},
		{"Envoy Gateway refused", gateway, []change{{"config: {}", "config: {surface: []}"}}, "error configuration-refused config: {surface: []}"},
		{"Envoy Gateway, operations endpoint", gateway, []change{{"config: {}", "config: " + admin}}, "error admin-exposed config: " + admin},
		{"EnvoyFilter", patch(filter("{}")), nil, ""},
		{"EnvoyFilter with an operations endpoint", patch(filter(admin)), nil, "error admin-exposed " + lineOf(filter(admin), 1) + "}"},
		{"EnvoyFilter that adds a listener", patch("{name: operations, address: {socket_address: {address: 127.0.0.1}}, filter_chains: [{filters: [" + filter(admin) + "]}]}"), nil, ""},
		{"EnvoyFilter with a configuration apart", patch(filter(admin)) + apart("127.0.0.1"), nil, ""},
		{"EnvoyFilter with a configuration apart for everybody", patch(filter(admin)) + apart("0.0.0.0"), nil, `error admin-exposed value: {name: operations, address: {socket_address: {address: "0.0.0.0"}}, filter_chains: [{filters: [{typed_config: {`},
		{"several documents", istio + "---\n" + extension + "---\nkind: Service\napiVersion: v1\n", []change{{"/v2", "v2"}}, "error configuration-refused - {name: api, kind: api, match: [{prefix: v2}]}"},
		{"a list", "apiVersion: v1\nkind: List\nitems:\n  - " + strings.ReplaceAll(istio, "\n", "\n    "), []change{{"/v2", "v2"}}, "error configuration-refused - {name: api, kind: api, match: [{prefix: v2}]}"},

		{"one filter", filter(`{"log": 1}`), nil, "error configuration-refused " + lineOf(filter(`{"log": 1}`), 1)},
		{"a list of filters", "- " + filter(`{"log": 1}`), nil, "error configuration-refused " + lineOf(filter(`{"log": 1}`), 1)},
		{"a plugin configuration in YAML", "surfaces:\n  - name: api\n", nil, "error configuration-refused surfaces:"},
		{"YAML of something else", "replicas: 1\n", nil, ""},

		{"no YAML", "static_resources:\n  listeners: [\n", nil, "error unreadable listeners: ["},
		{"aliases without end", "kind: x\na: &a [b, b]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n" +
			"e: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: [*g, *g, *g, *g, *g, *g, *g, *g]", nil, "error unreadable h: [*g, *g, *g, *g, *g, *g, *g, *g]"},
		{"an alias of itself", "kind: x\na: &a [*a]", nil, "error unreadable a: &a [*a]"},
		{"an object that is its own", "kind: &a\n  b: *a", nil, "error unreadable b: *a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := findings(t, edit(t, row.text, row.changes)); got != row.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, row.want)
			}
		})
	}
}

func lineOf(text string, n int) string { return strings.TrimSpace(strings.Split(text, "\n")[n]) }

// TestConfigMap: an Envoy configuration within a manifest keeps its lines.
func TestConfigMap(t *testing.T) {
	text, err := os.ReadFile("testdata/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	envoy := edit(t, string(text), []change{{"FAIL_RELOAD", "FAIL_OPEN"}, with(`"log": {"per_second": 0}`)})
	manifest := "apiVersion: v1\nkind: ConfigMap\ndata:\n  notes: none\n  envoy.yaml: |\n    " + strings.ReplaceAll(envoy, "\n", "\n    ")
	want := "error failure-policy failure_policy: FAIL_OPEN\nerror configuration-refused \"log\": {\"per_second\": 0}"
	if got := findings(t, manifest); got != want {
		t.Errorf("got:\n%s", got)
	}
}

// TestEnvironmentOfEnvoy: what Envoy's own environment gives to the VM is known
// only where it is said.
func TestEnvironmentOfEnvoy(t *testing.T) {
	text, err := os.ReadFile("testdata/envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secret := with(`"identity": [{"source": "introspection", "endpoint": {"cluster": "auth", "url": "https://auth.example.com/introspect",
                                "client_id": "gatewarden", "client_secret_env": "SECRET"}}]`)
	given := edit(t, string(text), []change{secret, {"# environment", "environment_variables: {host_env_keys: [SECRET, TRUST_FORWARDED_FOR]}"}})
	for _, row := range []struct {
		text        string
		environment []string
		want        string
	}{
		{given, nil, ""},
		{given, []string{"SECRET=x"}, ""},
		{given, []string{"TRUST_FORWARDED_FOR=true"}, "warning configuration-dangerous value: |"},
		{edit(t, string(text), []change{secret}), nil, "error configuration-refused value: |"},
		{edit(t, string(text), []change{secret}), []string{"SECRET=x"}, ""},
	} {
		if got := findings(t, row.text, row.environment...); got != row.want {
			t.Errorf("with %q got:\n%s\nwant:\n%s", row.environment, got, row.want)
		}
	}
}

const root = "../../../.."

// TestShipped: nothing is found in any configuration that is shipped: those of
// examples, deploy, the documentation, and envoy.yaml as it is and with all that can
// be taken into it.
func TestShipped(t *testing.T) {
	checked := 0
	check := func(name, text string) {
		var r Result
		r.File(name, []byte(text), docs.Environment)
		checked += r.Instances
		for _, f := range r.Findings {
			t.Errorf("%s:%d: %s %s: %s", f.File, f.Line, f.Where, f.Path, f.Message)
		}
	}
	envoy := read(t, root+"/envoy.yaml")
	check("envoy.yaml", envoy)
	marks := regexp.MustCompile(`(?m)^( *)#[|>] `)
	if !marks.MatchString(envoy) {
		t.Error("envoy.yaml has no lines to take in: the test looks for the wrong thing")
	}
	check("envoy.yaml with all", marks.ReplaceAllString(envoy, "$1"))
	for _, folder := range []string{"examples", "deploy"} {
		for _, file := range configurations(t, root+"/"+folder) {
			check(strings.TrimPrefix(file, root+"/"), read(t, file))
		}
	}
	pages, err := docs.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		for _, b := range docs.Blocks(read(t, root+"/"+page)) {
			if (b.Language == "json" || b.Language == "yaml") && isConfiguration(b.Text) {
				check(fmt.Sprintf("%s, the block at line %d", page, b.Line), b.Text)
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d instances found: the test looks for the wrong thing", checked)
	}
}

// isConfiguration tells whether a text is, or has in it, a configuration of the filter.
func isConfiguration(text string) bool {
	for _, mark := range []string{`"surfaces": [`, `"quotas": [`, `"admin": {`, "filters.http.wasm", "pluginConfig", "EnvoyExtensionPolicy"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// configurations are the YAML and JSON files below a folder, if it is there, that
// have a configuration of the filter in them.
func configurations(t *testing.T, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(".yaml.yml.json", filepath.Ext(path)) || filepath.Ext(path) == "" {
			return err
		}
		if isConfiguration(read(t, path)) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
