package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/add"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/check"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/manifest"
	"github.com/gatewarden/gatewarden/config"
)

const addLong = `Add reads a configuration of Envoy and prints it with the filter added: first in
the http_filters of each chain that serves clients, with the settings of
envoy.yaml. It adds lines and changes none, so comments, order and formatting
stay. A chain that already has the filter stays as it is, so a second run adds
nothing. The file is YAML or JSON: a whole configuration of Envoy, also in a
ConfigMap, or a file of listeners that Envoy watches.

Standard error gets what it did, what "gatewarden check" finds in the result,
and what only you can decide: each question with the lines to choose from.
Listeners that only this machine or this Envoy can reach are skipped, unless
--listener names them. Do not redirect the output to FILE itself: the shell
would empty it before add reads it.

With --for, it reads no file and prints manifests for Kubernetes: those of
deploy, with your names.`

const addExample = `  # Add the filter, and see what is left to decide:
  gatewarden add envoy.yaml > envoy-guarded.yaml

  # With your own rules; clients connect directly; nothing is left to decide:
  gatewarden add --config gatewarden.json --trusted-hops 0 --harden envoy.yaml

  # Behind one load balancer, with the endpoint for people on call:
  gatewarden add --trusted-hops 1 --operations alice envoy.yaml

  # For Istio's ingress gateway, and for a Gateway of Envoy Gateway:
  gatewarden add --for istio --image registry.example.com/gatewarden:1.0.0
  gatewarden add --for envoy-gateway --namespace prod --gateway public \
    --image registry.example.com/gatewarden:1.0.0`

func newAdd() *cobra.Command {
	var f addFlags
	cmd := &cobra.Command{
		Use:     "add [flags] FILE",
		Short:   "Add the filter to a configuration of Envoy, or print manifests for Kubernetes",
		Long:    addLong,
		Example: addExample,
		Annotations: exitCodes(
			"0", "the result was printed, and nothing is left to decide",
			"1", "the result was printed, but does not protect until you decide what is left",
			"2", "nothing was printed: the command line or a file is unusable",
			"3", "the result was printed, with warnings only",
		),
		Args: f.arguments,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json", "yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, files []string) error { return f.run(cmd, files) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "`FILE` with the filter's configuration (JSON); without one, the default")
	flags.StringVar(&f.wasm, "wasm", "", "`PATH` of the module as Envoy sees it (default "+add.DefaultWasm+")")
	flags.StringArrayVar(&f.listeners, "listener", nil, "`NAME` or ADDRESS:PORT of a listener that serves clients; may be repeated")
	flags.IntVar(&f.hops, "trusted-hops", -1, "add use_remote_address, for `N` proxies in front that append to X-Forwarded-For")
	flags.BoolVar(&f.harden, "harden", false, "add the settings that leave one spelling of each path and header")
	flags.StringVar(&f.operations, "operations", "", "add the operations endpoint, with a new token for `ID`, which is shown once")
	flags.StringVar(&f.product, "for", "", "print manifests for `PRODUCT`: istio or envoy-gateway")
	flags.StringVar(&f.names.Image, "image", "", "`REFERENCE` of the filter's image, as \"gatewarden image push\" prints it")
	flags.StringVar(&f.names.Namespace, "namespace", "", "the gateway's namespace (default istio-system, or default for Envoy Gateway)")
	flags.StringVar(&f.names.Selector, "selector", "istio=ingressgateway", "`LABEL` of the pods of Istio's gateway")
	flags.StringVar(&f.names.Gateway, "gateway", "", "`NAME` of Envoy Gateway's Gateway")
	flags.StringVar(&f.kind, "kind", manifest.Kinds[0], "the resource that installs the filter in Istio: "+strings.Join(manifest.Kinds, ", "))
	completeValues(cmd, "for", "istio", "envoy-gateway")
	completeValues(cmd, "kind", manifest.Kinds...)
	return cmd
}

type addFlags struct {
	config, wasm, operations, product, kind string
	listeners                               []string
	hops                                    int
	harden                                  bool
	names                                   manifest.Names
}

// ofFile and ofProduct are the flags that need a file, and that need --for.
var (
	ofFile    = []string{"wasm", "listener", "harden"}
	ofProduct = []string{"image", "namespace", "selector", "gateway", "kind"}
)

func (f *addFlags) arguments(cmd *cobra.Command, files []string) error {
	foreign, reason := ofProduct, "needs --for"
	if f.product != "" {
		foreign, reason = ofFile, "needs a configuration of Envoy, and no --for"
	}
	for _, name := range foreign {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s %s: leave it out", name, reason)
		}
	}
	switch {
	case cmd.Flags().Changed("trusted-hops") && (f.hops < 0 || f.hops > 100):
		return fmt.Errorf("--trusted-hops %d: write the number of proxies, 0 to 100", f.hops)
	case f.product != "" && len(files) > 0:
		return errors.New("--for reads no file: leave the file out, or --for")
	case f.product == "" && len(files) != 1:
		return errors.New(`add needs one file with a configuration of Envoy: name it, or "-" for the standard input`)
	}
	return nil
}

func (f *addFlags) run(cmd *cobra.Command, files []string) error {
	own, err := f.readConfig(cmd)
	if err != nil {
		return err
	}
	token := rand.Text()
	if f.product != "" {
		return f.manifests(cmd, own, token)
	}
	text, err := readFile(cmd, files[0])
	if err != nil {
		return err
	}
	o := add.Options{Config: own, ConfigName: displayName(f.config), Wasm: f.wasm, Listeners: f.listeners, TrustedHops: f.hops, Harden: f.harden}
	made := false
	if f.operations != "" {
		o.Admin = func() (string, error) { made = true; return f.admin(token) }
	}
	result, err := add.File(text, o)
	if err != nil {
		return fmt.Errorf("%s: %w", displayName(files[0]), err)
	}
	if !made {
		token = ""
	}
	return f.finish(cmd, result, displayName(files[0]), token)
}

func (f *addFlags) admin(token string) (string, error) {
	text, err := adminConfig(f.operations, token)
	if err != nil {
		return "", fmt.Errorf("--operations: %w", err)
	}
	return text, nil
}

// readConfig reads the filter's configuration, or fails if the filter would refuse it.
func (f *addFlags) readConfig(cmd *cobra.Command) ([]byte, error) {
	if f.config == "" {
		return nil, nil
	}
	text, err := readFile(cmd, f.config)
	if err != nil {
		return nil, err
	}
	c, err := config.Parse(text, nil)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--config %s is refused by the filter: %w", displayName(f.config), err)
	case c.Admin != nil:
		return nil, fmt.Errorf("--config %s is that of an operations endpoint, which guards nothing: name another, and add --operations ID", displayName(f.config))
	}
	return text, nil
}

// finish prints the result and, to standard error, the notes about it.
func (f *addFlags) finish(cmd *cobra.Command, result *add.Result, name, token string) error {
	if _, err := cmd.OutOrStdout().Write(result.Text); err != nil {
		return err
	}
	log := cmd.ErrOrStderr()
	if err := result.WriteText(log, name); err != nil {
		return err
	}
	if token != "" {
		if _, err := fmt.Fprintf(log, "Token for the operations endpoint, shown only now:\n\n  %s\n", token); err != nil {
			return err
		}
	}
	return ended(result.Count(check.Error), result.Count(check.Warning))
}

// ended returns the exit status for what a command found.
func ended(errors, warnings int) error {
	switch {
	case errors > 0:
		return foundError{exitFound}
	case warnings > 0:
		return foundError{exitWarned}
	}
	return nil
}
