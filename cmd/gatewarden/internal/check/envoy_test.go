package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/envoyversion"
)

// TestOlderEnvoy: what an Envoy does not know of an Envoy's configuration, and of
// manifests. The rows of TestEnvoy and TestManifests are those without an Envoy.
func TestOlderEnvoy(t *testing.T) {
	text := read(t, "testdata/envoy.yaml")
	reload := change{"failure_policy: FAIL_RELOAD", "failure_policy: FAIL_RELOAD\n                        reload_config: {backoff: {base_interval: 2s}}"}
	logsPath := accessLog(`log_format: {json_format: {p: "%PATH(NQ)%"}}`)
	const extension = "kind: TrafficExtension\napiVersion: extensions.istio.io/v1alpha1\nmetadata: {name: gatewarden}\nspec:\n  phase: AUTHN\n  wasm:\n    failStrategy: FAIL_RELOAD\n    url: oci://example.com/gatewarden\n"
	const (
		policy    = "error envoy-too-old failure_policy: FAIL_RELOAD"
		stops     = "error envoy-too-old allow_on_headers_stop_iteration: true"
		untested  = "warning envoy-untested value: |"
		ofPlugin  = "warning envoy-untested kind: TrafficExtension"
		ofOneLine = `warning envoy-untested {"allow_on_headers_stop_iteration": true}`
	)
	for _, row := range []struct {
		name, envoy, text string
		changes           []change
		want              []string
	}{
		{"the oldest that is tested", "1.36.4", text, []change{reload, logsPath}, nil},
		{"its last patch", "1.36", text, nil, nil},
		{"newer", "1.99", text, nil, nil},
		{"a patch older", "1.36.3", text, nil, []string{untested}},
		{"1.35 has every field", "1.35.0", text, []change{reload, logsPath}, []string{untested}},
		{"1.34", "1.34.12", text, []change{reload, logsPath}, []string{stops, untested}},
		{"1.33", "1.33", text, []change{reload, logsPath}, []string{`error envoy-too-old log_format: {json_format: {p: "%PATH(NQ)%"}}`, stops, untested}},
		{"1.32", "v1.32.1", text, []change{reload}, []string{policy, "error envoy-too-old reload_config: {backoff: {base_interval: 2s}}", stops, untested}},
		{"1.32 with what it knows", "1.32", text, []change{{"failure_policy: FAIL_RELOAD", ""}, {"allow_on_headers_stop_iteration: true\n", "\n"}, {`{
                              "allow_on_headers_stop_iteration": true
                            }`, "{}"}}, []string{"warning failure-policy vm_config:", untested}},
		{"not asked", "", text, []change{reload, logsPath}, nil},
		{"a plugin configuration", "1.34", `{"allow_on_headers_stop_iteration": true}`, nil,
			[]string{ofOneLine, `error envoy-too-old {"allow_on_headers_stop_iteration": true}`}},
		{"one that does without", "1.34", `{"allow_on_headers_stop_iteration": false}`, nil,
			[]string{`warning envoy-untested {"allow_on_headers_stop_iteration": false}`}},
		{"Istio", "istio-1.31", extension, nil, nil},
		{"Istio before TrafficExtension", "istio-1.29.2", extension, nil, []string{"error envoy-too-old kind: TrafficExtension"}},
		{"Istio before FAIL_RELOAD", "istio-1.26", extension, nil,
			[]string{ofPlugin, "error envoy-too-old kind: TrafficExtension", "error envoy-too-old failStrategy: FAIL_RELOAD"}},
		{"Istio that is not named", "1.34", extension, nil, []string{ofPlugin}},
		{"nothing of the filter", "1.20", "kind: Service\napiVersion: v1\n", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var target *Target
			if row.envoy != "" {
				target = targetOf(t, row.envoy)
			}
			got := findingsFor(t, target, edit(t, row.text, row.changes))
			if want := strings.Join(row.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func targetOf(t *testing.T, name string) *Target {
	t.Helper()
	target, err := NewTarget(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// TestRemedies: they lead to a version that has what is wanted, of what the user installs.
func TestRemedies(t *testing.T) {
	for name, want := range map[string]string{
		"1.34.1": "Envoy 1.34.1: update Envoy to 1.36.4 or later", "istio-1.24": "Envoy 1.32 of Istio 1.24: update Istio to 1.28 or later",
		"envoy-gateway-1.5.2": "Envoy 1.35 of Envoy Gateway 1.5.2: update Envoy Gateway to 1.6 or later",
	} {
		if target := targetOf(t, name); target.String()+": "+target.update(envoyversion.Oldest) != want {
			t.Errorf("%s: %s: %s", name, target, target.update(envoyversion.Oldest))
		}
	}
	if got := targetOf(t, "1.30").update(release(33)); got != "update Envoy to 1.33 or later" {
		t.Error(got)
	}
}

// TestRemedyFitsTheEnvoy: nobody is told to write what their Envoy does not know.
func TestRemedyFitsTheEnvoy(t *testing.T) {
	text := edit(t, read(t, "testdata/envoy.yaml"), []change{{"failure_policy: FAIL_RELOAD", ""}})
	for envoy, want := range map[string]string{
		"1.32": "update Envoy to 1.33 or later, and write failure_policy: FAIL_RELOAD", "1.33": "write failure_policy: FAIL_RELOAD",
	} {
		r := Result{Target: targetOf(t, envoy)}
		r.File("file", []byte(text), nil)
		for _, f := range r.Findings {
			if f.Rule == "failure-policy" && f.Remedy != want {
				t.Errorf("%s: %s", envoy, f.Remedy)
			}
		}
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Rule == "failure-policy" }) {
			t.Errorf("%s: nothing is found", envoy)
		}
	}
}

// TestTargets: what names an Envoy, and what is said of what does not.
func TestTargets(t *testing.T) {
	program := func(script string) string {
		path := filepath.Join(t.TempDir(), "envoy")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const says = "case $1 in --version) echo 'envoy  version: 9e5580/1.38.3/Clean/RELEASE/BoringSSL';; "
	for _, row := range []struct{ name, want, wrong string }{
		{name: "1.36", want: "Envoy 1.36"},
		{name: "istio-1.28", want: "Envoy 1.36 of Istio 1.28"},
		{name: "envoy-gateway-1.9", want: "Envoy 1.39 of Envoy Gateway 1.9"},
		{name: "envoy-gateway-v1.9.1", want: "Envoy 1.39 of Envoy Gateway 1.9.1"},
		{name: program(says + "*) echo Missing; exit 1;; esac"), want: "Envoy 1.38.3"},
		{name: program(says + "*) echo 'Envoy was compiled without support for it'; exit 1;; esac"), want: "Envoy 1.38.3 without V8"},
		{name: program("echo nginx version: nginx/1.26"), wrong: "it does not run as an Envoy"},
		{name: program("echo a/b/c/d/e"), wrong: `it states the version "b"`},
		{name: "istio-1.20", wrong: `no Envoy is known here of Istio "1.20", only of 1.21 to 1.31`},
		{name: "istio-2.28", wrong: "no Envoy is known here"},
		{name: "envoy-gateway-x", wrong: "no Envoy is known here"},
		{name: "no-such-program", wrong: "write a version such as 1.36.4, istio-1.28, envoy-gateway-1.6, or the path of an Envoy"},
		{name: "", wrong: "write a version"},
	} {
		target, err := NewTarget(t.Context(), row.name)
		if err != nil {
			if row.wrong == "" || !strings.Contains(err.Error(), row.wrong) {
				t.Errorf("%s: %v", row.name, err)
			}
			continue
		}
		got := target.String()
		if target.withoutV8 {
			got += " without V8"
		}
		if got != row.want {
			t.Errorf("%s is %s", row.name, got)
		}
	}
}

// TestWithoutV8: it is the first thing that is said, whatever the version.
func TestWithoutV8(t *testing.T) {
	target := &Target{Envoy: envoyversion.Newest, withoutV8: true}
	if got := findingsFor(t, target, "{}"); got != "error envoy-without-v8 {}" {
		t.Error(got)
	}
}

// TestProducts: each version of a product has an Envoy at least as new as the one before.
func TestProducts(t *testing.T) {
	for _, p := range products {
		for n := 1; n < len(p.envoys); n++ {
			if before, now := p.envoys[n-1], p.envoys[n]; now.product != before.product+1 || now.envoy <= before.envoy {
				t.Errorf("%s: %+v after %+v", p.name, now, before)
			}
		}
	}
}
