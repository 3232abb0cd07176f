package envoy

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// OperationsListener is the name of the operations endpoint's listener.
const OperationsListener = "operations"

// operationsMark begins the lines of envoy.yaml that define that listener.
const operationsMark = "#> "

// operationsOf reads the listener that a file has as comments; nil if it has none.
func operationsOf(text []byte) (Object, error) {
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), operationsMark); ok {
			lines = append(lines, rest)
		}
	}
	var listeners []Object
	if err := yaml.Unmarshal([]byte(strings.Join(lines, "\n")), &listeners); err != nil {
		return nil, fmt.Errorf("the lines with %q: %w", operationsMark, err)
	}
	if len(listeners) != 1 {
		return nil, nil
	}
	return listeners[0], nil
}

// Operations adds the listener of the operations endpoint that the file shows, with one
// token, given as its SHA-256 in hexadecimal. It runs the filter's module, so call SetWasm
// first. After FreePorts, the system chooses its port, too.
func (b *Bootstrap) Operations(tokenSHA256 string) error {
	if b.operations == nil {
		return errors.New("the file shows no operations listener")
	}
	plugin, err := lookup(b.operations, "filter_chains", 0, "filters", 0, "typed_config", "http_filters", 0, "typed_config", "config")
	if err != nil {
		return err
	}
	socket, err := lookup(b.operations, "address", "socket_address")
	if err != nil {
		return err
	}
	if b.Admin["port_value"] == 0 {
		socket["port_value"] = 0
	}
	plugin["vm_config"] = b.Plugin["vm_config"]
	plugin["configuration"] = Object{
		"@type": "type.googleapis.com/google.protobuf.StringValue",
		"value": fmt.Sprintf(`{"admin": {"tokens": [{"id": "me", "sha256": %q}]}}`, tokenSHA256),
	}
	return b.AddListener(b.operations)
}

// OperationsAddress is the address, host:port, that the operations listener is to have.
func (b *Bootstrap) OperationsAddress() (string, error) {
	socket, err := lookup(b.operations, "address", "socket_address")
	return hostPort(socket), err
}
