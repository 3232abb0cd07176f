package add

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

var write = flag.Bool("write", false, "write the expectations in testdata")

// unanswered leaves open how the client's address is determined.
var unanswered = Options{TrustedHops: -1}

// answered answers it, and adds what check wants.
var answered = Options{TrustedHops: 1, Harden: true}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return text
}

// cases returns the files of testdata that the filter can be added to, with the usual
// options.
func cases(t testing.TB) map[string]Options {
	t.Helper()
	own := answered
	own.Config, own.ConfigName, own.Wasm = readFile(t, "rules.json"), "rules.json", "/opt/a filter.wasm"
	operated := answered
	operated.Admin = func() (string, error) {
		return `{"admin": {"tokens": [{"id": "alice", "sha256": "` + strings.Repeat("12", 32) + `"}]}}`, nil
	}
	named := unanswered
	named.Listeners = []string{"metrics", "0.0.0.0:15001"}
	return map[string]Options{
		"several.yaml": unanswered, "several.yaml named": named, "several.yaml operated": operated,
		"http3.yaml": unanswered, "http3.yaml answered": answered,
		"auth.yaml": unanswered, "auth.yaml own": own,
		"dynamic.yaml": unanswered, "controlplane.yaml": unanswered,
		"listeners.yaml": unanswered, "listeners.yaml operated": operated,
		"internal.yaml": unanswered, "guarded.yaml": unanswered,
		"flow.yaml": unanswered, "flow.yaml own": own, "flow.yaml operated": operated,
		"anchors.yaml": unanswered, "anchors.yaml answered": answered,
		"pretty.json": unanswered, "pretty.json own": own, "pretty.json operated": operated,
		"tabs.json": answered, "compact.json": answered, "camel.json": answered,
		"configmap.yaml": answered, "inspected.yaml": answered,
	}
}

// TestResults: the result of each file, and the notes about it, are those in testdata.
func TestResults(t *testing.T) {
	for name, options := range cases(t) {
		t.Run(name, func(t *testing.T) {
			file, _, _ := strings.Cut(name, " ")
			result, err := File(readFile(t, file), options)
			require.NoError(t, err)
			var said bytes.Buffer
			require.NoError(t, result.WriteText(&said, file))
			expected := filepath.Join("testdata", "results", strings.ReplaceAll(name, " ", "-"))
			current(t, expected, result.Text)
			current(t, expected+".said", said.Bytes())
		})
	}
}

func current(t *testing.T, file string, got []byte) {
	t.Helper()
	if *write {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run go test ./internal/add -write, and look at what changes")
	assert.Equal(t, string(want), string(got), file)
}

// TestOnlyAdds: without what was added, the result is the file; a second time, nothing
// is added; and Unix and Windows end lines alike.
func TestOnlyAdds(t *testing.T) {
	for name, options := range cases(t) {
		file, _, _ := strings.Cut(name, " ")
		for _, ending := range []string{"\n", "\r\n"} {
			text := bytes.ReplaceAll(readFile(t, file), []byte("\n"), []byte(ending))
			result, err := File(text, options)
			require.NoError(t, err, name)
			if !strings.Contains("flow.yaml compact.json camel.json inspected.yaml", file) { // which have no lines to add to
				assert.True(t, isSubsequence(bytes.Split(text, []byte("\n")), bytes.Split(result.Text, []byte("\n"))), "%s: lines were changed", name)
			}
			assert.True(t, isSubsequence(bytes.Split(text, nil), bytes.Split(result.Text, nil)), "%s: bytes were changed", name)
			assert.Equal(t, bytes.Count(result.Text, []byte("\n")), bytes.Count(result.Text, []byte(ending)), "%s: the ends of lines", name)
			again, err := File(result.Text, options)
			require.NoError(t, err, name)
			assert.Equal(t, string(result.Text), string(again.Text), "%s: a second time", name)
			assert.False(t, again.Added)
		}
	}
}

func isSubsequence(short, long [][]byte) bool {
	for _, element := range long {
		if len(short) > 0 && bytes.Equal(short[0], element) {
			short = short[1:]
		}
	}
	return len(short) == 0
}

// TestCheckAgrees: with the questions answered, check finds nothing in what was added,
// and otherwise only what was asked.
func TestCheckAgrees(t *testing.T) {
	asked := []string{"client-address", "path-normalisation", "header-underscores", "access-log-credential", "envoy-admin"}
	for name, options := range cases(t) {
		file, _, _ := strings.Cut(name, " ")
		result, err := File(readFile(t, file), options)
		require.NoError(t, err, name)
		var checked check.Result
		checked.File(name, result.Text, nil)
		for _, f := range checked.Findings {
			own := len(options.Config) > 0 && f.Rule == "configuration-dangerous"
			assert.True(t, own || !options.Harden && slices.Contains(asked, f.Rule), "%s: %+v", name, f)
		}
		assert.Equal(t, len(checked.Findings) > 0, result.Count(check.Error)+result.Count(check.Warning) > 0 && checked.Instances > 0, "%s: what check finds is said", name)
	}
}

// TestRefused: where nothing can be put in, nothing is, and the error says where and
// what to do.
func TestRefused(t *testing.T) {
	listener := func(filters string) string {
		return `static_resources:
  listeners:
    - name: web
      address: {socket_address: {address: 0.0.0.0, port_value: 8080}}
      filter_chains:
        - filters:
            - typed_config:
                "@type": t/x.HttpConnectionManager
                ` + filters + "\n"
	}
	const router = `[{name: router, typed_config: {"@type": t/envoy.extensions.filters.http.router.v3.Router}}]`
	for _, row := range []struct {
		name, text, want string
		options          Options
	}{
		{"another file", "kind: Service\napiVersion: v1\n", "is not a configuration of Envoy", unanswered},
		{"a plugin configuration", `{"surfaces": []}`, "is not a configuration of Envoy", unanswered},
		{"broken", "static_resources: [", "line 1", unanswered},
		{"a template", "static_resources: {{ .Values.x }}", "", unanswered},
		{"TCP only", strings.ReplaceAll(listener("stat_prefix: x"), "HttpConnectionManager", "TcpProxy"), "has no HTTP connection manager", unanswered},
		{"outbound only", strings.Replace(listener("http_filters: "+router), "name: web", "name: web\n      traffic_direction: OUTBOUND", 1),
			`line 3: no listener seems to serve clients: listener "web" is left out because its traffic_direction is OUTBOUND`, unanswered},
		{"no filters", listener("stat_prefix: x"), `line 8: no chain can have the filter: listener "web" has no list of http_filters`, unanswered},
		{"one filter that is no list", listener("http_filters: " + strings.Trim(router, "[]")), "has no list of http_filters", unanswered},
		{"an empty list", listener("http_filters: []"), "has no list of http_filters", unanswered},
		{"another listener", listener("http_filters: " + router), `--listener api: the file has no such listener; it has web`, Options{Listeners: []string{"api"}}},
		{"another answer", listener("http_filters: " + router + "\n                original_ip_detection_extensions: [{name: x}]"), "line 10: original_ip_detection_extensions already determine", Options{TrustedHops: 0}},
		{"another number of proxies", listener("http_filters: " + router + "\n                xff_num_trusted_hops: 1"), "line 10: xff_num_trusted_hops is 1 there, and --trusted-hops says 2", Options{TrustedHops: 2}},
		{"a character that ends lines", listener("http_filters: " + router), "without control characters", Options{Config: []byte("{\"surfaces\": [{\"name\": \"a\", \"kind\": \"api\", \"match\": [{\"prefix\": \"/a\"}], \"lockout\": {\"failures_when\": [{\"json\": {\"path\": [\"error\"], \"one_of\": [\"\u2028\"]}}]}}]}")}},
		{"empty stats_config", "stats_config: {}\n" + listener("http_filters: "+router), "line 1: nothing can be put into stats_config", unanswered},
		{"a quoted ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: '{\"static_resources\": {\"listeners\": [{\"address\": {}, \"filter_chains\": [{\"filters\": [{\"typed_config\": {\"@type\": \"t/x.HttpConnectionManager\", \"http_filters\": " +
			`[{"name": "router"}]` + "}}]}]}]}}'\n", "a text that is not a literal block", unanswered},
		{"brackets in a ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    " + strings.ReplaceAll(listener("http_filters: "+router), "\n", "\n    "), "in a text within the file", unanswered},
		{"a configuration that the filter refuses", listener("http_filters: " + router), "per_second", Options{Config: []byte(`{"log": {"per_second": 0}}`)}},
	} {
		result, err := File([]byte(row.text), row.options)
		if assert.Error(t, err, "%s: %+v", row.name, result) {
			assert.Contains(t, err.Error(), row.want, row.name)
		}
	}
}

// TestThereAlready: a reference to a filter that stands elsewhere is one, and the
// operations endpoint sees the counters of what is added.
func TestThereAlready(t *testing.T) {
	text := strings.Replace(string(readFile(t, "listeners.yaml")), "        - name: router\n", "        - {name: gatewarden, config_discovery: {}}\n        - name: router\n", 1)
	result, err := File([]byte(text), unanswered)
	require.NoError(t, err)
	assert.Equal(t, text, string(result.Text))

	operated := cases(t)["listeners.yaml operated"]
	result, err = File(readFile(t, "listeners.yaml"), operated)
	require.NoError(t, err)
	named := strings.Replace(string(result.Text), "vm_id: gatewarden", "vm_id: other", 1) // of the endpoint, which comes first
	filter := strings.LastIndex(named, "        - name: gatewarden\n          typed_config:\n            \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm")
	router := strings.LastIndex(named, "        - name: router\n")
	require.Less(t, filter, router)
	result, err = File([]byte(named[:filter]+named[router:]), unanswered)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(result.Text), "vm_id: other"))
}

// TestConfiguration: the text stays as it is, and says whether Envoy is to hold headers.
func TestConfiguration(t *testing.T) {
	for own, want := range map[string]string{
		"":                            `{}`,
		" {}":                         `{}`,
		`{"log": {"per_second": 5}}`:  `{"log": {"per_second": 5}}`,
		"{\r\n\t\"log\": {}\r\n}\r\n": "{\n\t\"log\": {}\n}",
		`{ "allow_on_headers_stop_iteration": true }`:     `{ "allow_on_headers_stop_iteration": true }`,
		"{\"allow_on_headers_stop_iteration\": false }\n": `{"allow_on_headers_stop_iteration": false }`,
	} {
		got, stop, err := Configuration([]byte(own))
		require.NoError(t, err, own)
		assert.Equal(t, want, got)
		assert.Equal(t, !strings.Contains(own, "false"), stop, own)
	}
	o := unanswered
	o.Config = []byte(`{"allow_on_headers_stop_iteration": false}`)
	result, err := File(readFile(t, "listeners.yaml"), o)
	require.NoError(t, err)
	assert.NotContains(t, string(result.Text), "allow_on_headers_stop_iteration: true", "the configuration says no")
}

// TestLikeEnvoyYAML: what is put in is what envoy.yaml shows.
func TestLikeEnvoyYAML(t *testing.T) {
	text, err := os.ReadFile("../../../../envoy.yaml")
	require.NoError(t, err)
	shown := string(text)
	for _, line := range strings.Split(strings.TrimSpace(string(tagItems(func(string, string) bool { return false }))), "\n") {
		assert.Contains(t, shown, line)
	}
	file, err := instances.Read(text, nil)
	require.NoError(t, err)
	there := file.Instances[0].Filters[0]
	item := filterItem(module{"gatewarden", "build/gatewarden.wasm"}, "gatewarden", strings.TrimSpace(string(file.Instances[0].Text)), true)
	assert.Equal(t, asJSON(t, there), asJSON(t, parsed(t, string(item)).Item(0)))

	var lines []string
	for _, line := range regexp.MustCompile(`(?m)^ *#> (.*)$`).FindAllStringSubmatch(shown, -1) {
		lines = append(lines, line[1])
	}
	operations := parsed(t, strings.Join(lines, "\n")).Item(0)
	inner, err := operations.At("filter_chains").Item(0).At("filters").Item(0).At("typed_config", "http_filters").Item(0).
		At("typed_config", "config", "configuration", "value").Inside()
	require.NoError(t, err)
	admin := asJSON(t, inner[0])
	listener := operationsListener(module{"gatewarden", "build/gatewarden.wasm"}, 9902, admin, false)
	assert.Equal(t, withoutValues(asJSON(t, operations)), withoutValues(asJSON(t, parsed(t, string(listener)).Item(0))))
}

// withoutValues leaves out the filter's own configuration.
func withoutValues(text string) string {
	return regexp.MustCompile(`"value":"(\\.|[^"\\])*"`).ReplaceAllLiteralString(text, "")
}

func parsed(t *testing.T, text string) tree.Node {
	t.Helper()
	documents, err := tree.Parse([]byte(text))
	require.NoError(t, err)
	require.Len(t, documents, 1)
	return documents[0]
}

func asJSON(t *testing.T, n tree.Node) string {
	t.Helper()
	text, err := n.JSON()
	require.NoError(t, err)
	return string(text)
}

// FuzzFile: whatever the file is, the filter is added without harm, or not at all.
func FuzzFile(f *testing.F) {
	for name := range cases(f) {
		file, _, _ := strings.Cut(name, " ")
		f.Add(readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, options := range []Options{unanswered, answered} {
			result, err := File(text, options)
			if err != nil {
				continue
			}
			if !isSubsequence(bytes.Split(text, nil), bytes.Split(result.Text, nil)) {
				t.Fatalf("%q became %q", text, result.Text)
			}
			again, err := File(result.Text, options)
			if err != nil || !bytes.Equal(again.Text, result.Text) {
				t.Fatalf("%q became %q, and then not the same: %v", text, result.Text, err)
			}
		}
	})
}
