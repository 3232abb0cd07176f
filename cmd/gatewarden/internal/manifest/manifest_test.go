package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
)

var digest = strings.Repeat("ab", 32)

var names = Names{
	Namespace: "prod", Selector: "app=yes", Gateway: "true", Image: "oci://registry.internal/filter@sha256:" + digest,
	Config: `{"surfaces": [{"name": "on", "kind": "api", "match": [{"prefix": "/v2/"}, {"path": "/1e3"}],
	"lockout": {"failures": 3, "window": "90s", "statuses": [401, 403]}}], "log": {"per_second": 5}}`,
	TrustedHops: 2,
	Admin:       `{"admin": {"tokens": [{"id": "alice", "sha256": "` + strings.Repeat("12", 32) + `"}]}}`,
}

// fits checks what holds for all manifests: nothing of the examples is left, check finds
// nothing, and the filter gets the configuration.
func fits(t *testing.T, text []byte, kind instances.Kind, n Names) {
	t.Helper()
	for _, example := range []string{"registry.example.com", strings.Repeat("0", 64), "istio-system", "istio: ingressgateway", "api.example.com", "name: eg", "namespace: default"} {
		assert.NotContains(t, string(text), example)
	}
	var result check.Result
	result.File("", text, nil)
	assert.Empty(t, result.Findings)
	file, err := instances.Read(text, nil)
	require.NoError(t, err)
	guards := 0
	for _, i := range file.Instances {
		if i.HasKey("admin") {
			continue
		}
		guards++
		assert.Equal(t, kind, i.Kind)
		assert.JSONEq(t, n.Config, string(i.Text))
	}
	assert.Equal(t, 1, guards)
}

func TestIstio(t *testing.T) {
	for _, kind := range Kinds {
		t.Run(kind, func(t *testing.T) {
			n, want := names, instances.Istio
			if kind == "envoyfilter" {
				want = instances.Envoy
				n.Config = strings.Replace(n.Config, "{", `{"allow_on_headers_stop_iteration": true, `, 1)
			}
			text, err := Istio(kind, n)
			require.NoError(t, err)
			fits(t, text, want, n)
			assert.Contains(t, string(text), `app: "yes"`, "a label is a text")
			assert.Contains(t, string(text), "oci://registry.internal/filter@sha256:"+digest)
			assert.Contains(t, string(text), fmt.Sprintf("sha256: %q", digest))
			assert.Contains(t, string(text), n.Admin)
			if kind == "envoyfilter" {
				assert.NotContains(t, string(text), `vm_id: ""`, "the operations endpoint sees the filter's counters")
			}
			kinds := kindsOf(t, text)
			assert.Len(t, kinds, 4)

			n.Admin, n.Image = "", "registry.internal/filter:1.0"
			text, err = Istio(kind, n)
			require.NoError(t, err)
			assert.Len(t, kindsOf(t, text), 3)
			assert.NotContains(t, string(text), "sha256: ", "there is no digest")
			assert.Contains(t, string(text), "oci://registry.internal/filter:1.0\n")
		})
	}
}

func TestEnvoyGateway(t *testing.T) {
	n := names
	text, err := EnvoyGateway(n)
	require.NoError(t, err)
	fits(t, text, instances.Gateway, n)
	assert.Equal(t, []string{"EnvoyExtensionPolicy", "ClientTrafficPolicy", "EnvoyProxy"}, kindsOf(t, text), "the Gateway is somebody else's")
	assert.Contains(t, string(text), `kind: Gateway, name: "true"}`)
	assert.Contains(t, string(text), "url: registry.internal/filter@sha256:"+digest)
	assert.Contains(t, string(text), "xForwardedFor: {numTrustedHops: 2}\n")

	n.Config, n.TrustedHops = "{}", 0
	text, err = EnvoyGateway(n)
	require.NoError(t, err)
	fits(t, text, instances.Gateway, n)
	assert.NotContains(t, string(text), "\n  clientIPDetection:")
}

func kindsOf(t *testing.T, text []byte) (kinds []string) {
	t.Helper()
	for _, document := range strings.Split(string(text), "---\n") {
		var object struct{ Kind string }
		require.NoError(t, yaml.Unmarshal([]byte(document), &object))
		kinds = append(kinds, object.Kind)
	}
	return kinds
}

func TestMistakes(t *testing.T) {
	for _, row := range []struct {
		change func(n *Names)
		want   string
	}{
		{func(n *Names) { n.Selector = "ingress" }, "as KEY=VALUE"},
		{func(n *Names) { n.Image = "Not an image" }, "gatewarden image push"},
	} {
		n := names
		row.change(&n)
		_, err := Istio(Kinds[0], n)
		assert.ErrorContains(t, err, row.want)
	}
}
