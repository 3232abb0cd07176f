package instances

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// readConfiguration turns the Any in Envoy's PluginConfig into what the filter
// gets: a StringValue or BytesValue without the wrapper, everything else as
// protocol buffers. The documentation says that a Struct becomes JSON; in Envoy 1.40
// it does not, which a test in e2e holds.
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/wasm/v3/wasm.proto#extensions-wasm-v3-pluginconfig
func (i *Instance) readConfiguration(configuration tree.Node) {
	if !configuration.Exists() {
		return
	}
	i.Line = configuration.Line()
	value := configuration.At("value")
	switch name := lastPart(configuration.At("@type").Text()); name {
	case "google.protobuf.StringValue":
		i.readText(value)
	case "google.protobuf.BytesValue":
		text, err := base64.StdEncoding.DecodeString(value.Text())
		if err != nil {
			i.Problem = "the BytesValue is not base64; write a google.protobuf.StringValue, which needs no encoding"
		}
		i.Text = text
	case "":
		i.Problem = `has no "@type"; write "@type": type.googleapis.com/google.protobuf.StringValue and the JSON as its value`
	default:
		i.settings = value // which says whose it is
		i.Problem = "is a " + strconv.Quote(name) + ", which Envoy does not turn into JSON for the filter; write a " +
			"google.protobuf.StringValue with the JSON as its value"
	}
}

func (i *Instance) readText(value tree.Node) {
	i.Line, i.Text, i.text = value.Line(), []byte(value.Text()), value
	if inside, err := value.Inside(); err == nil && len(inside) == 1 {
		i.settings = inside[0]
	}
}

// readStruct reads a configuration that is written in YAML, and that the control plane
// passes to the filter as JSON.
func (i *Instance) readStruct(value tree.Node) {
	if !value.Exists() {
		return
	}
	i.settings, i.Line = value, value.Line()
	text, err := value.JSON()
	if err != nil {
		i.Problem = err.Error() + "; write less"
	}
	i.Text = text
}

// LineOf is the line of what a path of the configuration leads to, or of the
// nearest that is there. Paths are those of config.Error: surfaces[0].match, or
// environment NAME.
func (i *Instance) LineOf(path string) int {
	if name, found := strings.CutPrefix(path, "environment "); found {
		if line := i.variables.At(name).Line(); line > 0 {
			return line
		}
		return i.Line
	}
	if trusted := i.variables.At("TRUST_FORWARDED_FOR"); path == "client.source" && trusted.Text() == "true" {
		return trusted.Line()
	}
	line := i.Line
	for n := i.settings; n.Exists() && path != ""; {
		n, path = step(n, path)
		if n.Line() > 0 {
			line = n.Line()
		}
	}
	return line
}

// step takes the first key or number off a path.
func step(n tree.Node, path string) (below tree.Node, rest string) {
	path = strings.TrimPrefix(path, ".")
	if !strings.HasPrefix(path, "[") {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		return n.At(path[:end]), path[end:]
	}
	quoted, err := strconv.QuotedPrefix(path[1:])
	if err == nil {
		key, _ := strconv.Unquote(quoted)
		return n.At(key), strings.TrimPrefix(path[1+len(quoted):], "]")
	}
	number, rest, _ := strings.Cut(path[1:], "]")
	index, err := strconv.Atoi(number)
	if err != nil {
		return tree.Node{}, ""
	}
	return n.Item(index), rest
}

// HasKey tells whether the text of the configuration has a key, below others of objects
// if several are given, be the rest of it right or wrong.
func (i *Instance) HasKey(keys ...string) bool { return i.settings.At(keys...).Exists() }

// LineOfText is the line that a message about the text as a whole begins with.
func (i *Instance) LineOfText(message string) int {
	line := 0
	if _, err := fmt.Sscanf(message, "line %d,", &line); err != nil {
		return i.Line
	}
	if i.Kind == Plain {
		return line
	}
	return i.text.LineOfText(line)
}
