// Package mcpclients tests Gatewarden in a real Envoy with what the MCP project publishes:
// the clients and servers of its SDKs, unmodified, and its conformance suite.
// docs/mcp.md has the table that it writes.
package mcpclients

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
)

// write makes TestPageIsCurrent write the table: "make mcpclients".
var write = flag.Bool("write", false, "write the table in docs/mcp.md")

const (
	installed = ".tools/mcpclients"
	remedy    = "run scripts/install-mcp-clients at the top of the repository"
)

var tests = &program.Tests{Name: "mcpclients", Remedy: remedy, Commands: others}

func TestMain(m *testing.M) {
	tests.Configure = configure
	tests.Main(m)
}

// tool is the path of something that scripts/install-mcp-clients installs.
func tool(path ...string) string {
	return filepath.Join(append([]string{tests.Root, installed}, path...)...)
}

// stands are what has listeners of its own. Each adds them, and returns what ends its
// services.
var stands = []func(b *envoy.Bootstrap) (stop func(), err error){addConformance, addRefusals, addGuarded, addOthers, addStreams}

func configure(b *envoy.Bootstrap) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	for _, add := range stands {
		s, failed := add(b)
		if s != nil {
			stops = append(stops, s)
		}
		err = errors.Join(err, failed)
	}
	if err != nil {
		stop()
	}
	return stop, err
}

// addListener adds a listener in front of a service, with a configuration of the filter
// and, if edit is not nil, other changes.
func addListener(b *envoy.Bootstrap, name, address, configuration string, edit func(b *envoy.Bootstrap)) error {
	err := b.AddCluster(name, address)
	if err == nil {
		err = b.AddCopy(name, configuration, func(b *envoy.Bootstrap) error {
			// Streams have no time limit, as in envoy.yaml.
			b.HCM["route_config"] = envoy.Object{"name": name, "virtual_hosts": []any{envoy.Object{
				"name": name, "domains": []any{"*"}, "routes": []any{envoy.Object{
					"match": envoy.Object{"prefix": "/"}, "route": envoy.Object{"cluster": name, "timeout": "0s"},
				}},
			}}}
			if edit != nil {
				edit(b)
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// address is where a listener is, host:port.
func address(t *testing.T, listener string) string {
	t.Helper()
	at, err := tests.Envoy.ListenerAddress(t.Context(), listener)
	require.NoError(t, err)
	return at
}

// freeAddress is host:port of a port that nobody has, for programs that cannot tell which one
// they got.
func freeAddress() (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// showOnFailure shows, if the test fails, what Envoy wrote.
func showOnFailure(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of Envoy's log:\n%s", tests.Envoy.Log.Tail(20))
			t.Logf("the end of the access log:\n%s", tests.Envoy.Access.Tail(20))
		}
	})
}
