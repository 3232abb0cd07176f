package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/add"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/manifest"
)

// manifests prints the manifests for a product and, to standard error, what else to do.
func (f *addFlags) manifests(cmd *cobra.Command, own []byte, token string) error {
	n, err := f.named(own, token)
	if err != nil {
		return err
	}
	var text []byte
	after := afterIstio
	switch f.product {
	case "istio":
		if text, err = manifest.Istio(f.kind, n); err != nil {
			return err
		}
	case "envoy-gateway":
		after = afterEnvoyGateway
		if text, err = manifest.EnvoyGateway(n); err != nil {
			return err
		}
	}
	if _, err := cmd.OutOrStdout().Write(text); err != nil {
		return err
	}
	log := cmd.ErrOrStderr()
	if err := after(log, n); err != nil {
		return err
	}
	if f.operations != "" {
		if _, err := fmt.Fprintf(log, "Token for the operations endpoint, shown only now:\n\n  %s\n", token); err != nil {
			return err
		}
	}
	var result check.Result
	if result.File("manifests", text, nil); len(result.Findings) > 0 {
		if err := result.WriteText(log, colourful(log)); err != nil {
			return err
		}
	}
	return ended(result.Count(check.Error), result.Count(check.Warning))
}

// named returns the names for the manifests, with defaults for those not given.
func (f *addFlags) named(own []byte, token string) (n manifest.Names, err error) {
	n = f.names
	n.TrustedHops, n.Config = f.hops, "{}"
	if text := strings.TrimSpace(string(own)); text != "" {
		n.Config = text
	}
	namespace := "istio-system"
	switch {
	case f.product != "istio" && f.product != "envoy-gateway":
		return n, fmt.Errorf("--for %s is not known: write istio or envoy-gateway", f.product)
	case !slices.Contains(manifest.Kinds, f.kind):
		return n, fmt.Errorf("--kind %s is not known: write %s", f.kind, strings.Join(manifest.Kinds, ", "))
	case n.Image == "":
		return n, fmt.Errorf("--for %s needs --image: write the reference that %q prints", f.product, "gatewarden image push")
	case f.product == "envoy-gateway" && f.operations != "":
		return n, fmt.Errorf("--operations: no policy of Envoy Gateway can add a listener: leave it out, or use Envoy or Istio")
	case f.product == "envoy-gateway" && n.Gateway == "":
		return n, fmt.Errorf("--for envoy-gateway needs --gateway: write the name of the Gateway")
	case f.product == "envoy-gateway":
		namespace = "default"
	case f.kind == "envoyfilter":
		if n.Config, _, err = add.Configuration(own); err != nil {
			return n, err
		}
	}
	if n.Namespace == "" {
		n.Namespace = namespace
	}
	if f.operations != "" {
		n.Admin, err = f.admin(token)
	}
	return n, err
}

// afterIstio prints what no manifest can set: annotations of the gateway's pods.
func afterIstio(log io.Writer, n manifest.Names) error {
	hops := "0"
	question := "\nnumTrustedProxies is the number of proxies in front of the gateway that append to\nX-Forwarded-For: 0 if clients connect to it themselves. If it is wrong, clients choose\ntheir own address, or all share one. --trusted-hops N writes it.\n"
	if n.TrustedHops >= 0 {
		hops, question = fmt.Sprint(n.TrustedHops), "\n"
	}
	_, err := fmt.Fprintf(log, `The gateway's pods need two annotations, for the labels of the metrics and for the
client's address. As values of Istio's Helm chart "gateway":

  podAnnotations:
    sidecar.istio.io/bootstrapOverride: gatewarden-bootstrap
    proxy.istio.io/config: |
      gatewayTopology:
        numTrustedProxies: %s
%s`, hops, question)
	return err
}

// afterEnvoyGateway prints what the Gateway itself needs.
func afterEnvoyGateway(log io.Writer, n manifest.Names) error {
	_, err := fmt.Fprintf(log, `The Gateway %s must use this EnvoyProxy, which orders the filters and labels the metrics:

  spec:
    infrastructure:
      parametersRef: {group: gateway.envoyproxy.io, kind: EnvoyProxy, name: gatewarden}

If the filter crashes, the service is unreachable until the proxy is replaced.
deploy/envoy-gateway/patch.yaml restarts the filter instead.
`, n.Gateway)
	return err
}
