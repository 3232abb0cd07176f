// Package manifest makes the manifests of deploy fit a cluster: its names, its image, its
// configuration. Their texts stay those of deploy, comments included.
package manifest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v3"

	envoygateway "github.com/gatewarden/gatewarden/deploy/envoy-gateway"
	"github.com/gatewarden/gatewarden/deploy/istio"
)

// Names are those of a cluster.
type Names struct {
	Namespace string
	// Selector is the label of Istio's gateway, as KEY=VALUE.
	Selector string
	// Gateway is the name of Envoy Gateway's.
	Gateway string
	// Image is where the filter is fetched from.
	Image string
	// Config is the filter's configuration, or empty for the default.
	Config string
	// TrustedHops is the number of proxies in front that append to X-Forwarded-For.
	TrustedHops int
	// Admin is the configuration of an operations endpoint, or empty for none.
	Admin string
}

// Kinds are the resources of Istio that can bring the filter, by the names of their
// files.
var Kinds = []string{"trafficextension", "wasmplugin", "envoyfilter"}

// Istio returns what to apply for Istio, with the filter in a resource of a kind.
func Istio(kind string, n Names) ([]byte, error) {
	key, value, found := strings.Cut(n.Selector, "=")
	if !found || key == "" {
		return nil, fmt.Errorf("--selector %s: write a label of the gateway's pods as KEY=VALUE", n.Selector)
	}
	files := []string{"metrics.yaml", "edge.yaml", kind + ".yaml"}
	if n.Admin != "" {
		files = append(files, "operations.yaml")
	}
	var edits []edit
	edits = append(edits,
		edit{"istio-system", n.Namespace},
		edit{"istio: ingressgateway", key + ": " + quoted(value)})
	if kind == "envoyfilter" {
		edits = append(edits, edit{`vm_id: ""`, "vm_id: gatewarden"})
	}
	return assemble(istio.Files, files, edits, n)
}

// EnvoyGateway returns what to apply for Envoy Gateway. Its Gateway is left out: it is
// there already, with listeners that an example must not replace.
func EnvoyGateway(n Names) ([]byte, error) {
	edits := []edit{
		{"namespace: default", "namespace: " + n.Namespace},
		{"kind: Gateway, name: eg}", "kind: Gateway, name: " + quoted(n.Gateway) + "}"},
	}
	if n.TrustedHops > 0 {
		edits = append(edits, edit{"  # clientIPDetection:\n  #   xForwardedFor: {numTrustedHops: 1}\n",
			fmt.Sprintf("  clientIPDetection:\n    xForwardedFor: {numTrustedHops: %d}\n", n.TrustedHops)})
	}
	text, err := assemble(envoygateway.Files, []string{"gatewarden.yaml"}, edits, n)
	if err != nil {
		return nil, err
	}
	before, _, found := bytes.Cut(text, []byte("---\n# 4. "))
	if !found {
		return nil, errors.New("the manifests for Envoy Gateway have no fourth part")
	}
	return before, nil
}

// edit replaces a text in all of a file, wherever it is there.
type edit struct{ old, new string }

// quoted writes a name as YAML: some, such as "true" or "1", would be taken for something
// else.
func quoted(text string) string {
	out, err := yaml.Marshal(text)
	if err != nil || bytes.ContainsAny(out[:len(out)-1], "\n") {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSpace(string(out))
}

func assemble(files embed.FS, names []string, edits []edit, n Names) ([]byte, error) {
	reference, digest, err := image(n.Image)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, file := range names {
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, err
		}
		text := string(content)
		for _, e := range edits {
			text = strings.ReplaceAll(text, e.old, e.new)
		}
		config := n.Config
		if file == "operations.yaml" {
			config = n.Admin
		}
		if text, err = configured(withImage(text, reference, digest), config); err != nil {
			return nil, err
		}
		parts = append(parts, text)
	}
	return []byte(strings.Join(parts, "---\n")), nil
}

// image takes a reference apart. Without a digest, whatever the tag leads to is fetched.
func image(text string) (reference, digest string, err error) {
	ref, err := name.ParseReference(strings.TrimPrefix(text, "oci://"))
	if err != nil {
		return "", "", fmt.Errorf(`--image %s: write what "gatewarden image push" prints, such as registry.example.com/gatewarden@sha256:...: %w`, text, err)
	}
	if d, ok := ref.(name.Digest); ok {
		return d.Name(), strings.TrimPrefix(d.DigestStr(), "sha256:"), nil
	}
	return ref.Name(), "", nil
}

var (
	exampleImage  = regexp.MustCompile(`registry\.example\.com/gatewarden@sha256:0{64}`)
	exampleDigest = regexp.MustCompile(`(?m)^ *sha256: "0{64}"\n`)
)

func withImage(text, reference, digest string) string {
	text = exampleImage.ReplaceAllLiteralString(text, reference)
	return exampleDigest.ReplaceAllStringFunc(text, func(line string) string {
		if digest == "" {
			return ""
		}
		return strings.Replace(line, strings.Repeat("0", 64), digest, 1)
	})
}

// configured replaces the example of a plugin configuration.
func configured(text, config string) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		key := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		end := i + 1
		for end < len(lines) && len(lines[end])-len(strings.TrimLeft(lines[end], " ")) > indent {
			end++
		}
		var with []string
		switch key {
		case "pluginConfig:", "config:":
			if !strings.Contains(strings.Join(lines[i+1:end], ""), "oauth:") {
				continue
			}
			block, err := asYAML(config)
			if err != nil {
				return "", err
			}
			with = strings.Split(key+block, "\n")
		case "value: |":
			if !strings.HasPrefix(strings.TrimSpace(lines[i+1]), "{") {
				continue
			}
			with = strings.Split("value: |\n  "+strings.ReplaceAll(config, "\n", "\n  "), "\n")
		default:
			continue
		}
		padding := strings.Repeat(" ", indent)
		body := padding + strings.Join(with, "\n"+padding) + "\n"
		return strings.Join(lines[:i], "") + body + strings.Join(lines[end:], ""), nil
	}
	return text, nil
}

// asYAML writes JSON as what stands behind a key in block style.
func asYAML(config string) (string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(config), &document); err != nil || len(document.Content) == 0 {
		return " {}", err
	}
	if len(document.Content[0].Content) == 0 {
		return " {}", nil
	}
	block(document.Content[0])
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return "", err
	}
	return "\n  " + strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "\n", "\n  "), nil
}

// plain are texts that no YAML takes for a boolean, a number or null.
var plain = regexp.MustCompile(`^(https?:/)?[a-z/][a-zA-Z0-9_./-]*[a-zA-Z0-9_/-]$|^/$`)

// block takes the brackets of JSON away, and the quotes where YAML needs none.
func block(n *yaml.Node) {
	n.Style = 0
	words := []string{"yes", "no", "on", "off", "true", "false", "null"}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && (!plain.MatchString(n.Value) || slices.Contains(words, strings.ToLower(n.Value))) {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		block(child)
	}
}
