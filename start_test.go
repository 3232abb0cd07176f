//go:build !wasip1

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

// stated is a host with a version of Envoy, or without random bytes.
type stated struct {
	host
	version string
	random  bool
}

func (s stated) Property(string) string { return s.version }

func (s stated) Random(b []byte) {
	if s.random {
		s.host.Random(b)
	}
}

// TestStartSaysWhereItIs: the first worker of a process says which Envoy it is in, and
// warns of one that is not tested. None is refused.
func TestStartSaysWhereItIs(t *testing.T) {
	for _, row := range []struct {
		name, version    string
		random           bool
		info, warn, fail string // part of the one line, or "" for none
	}{
		{"the newest", "\x08\x01\x10\x28", true, "started in Envoy 1.40.0", "", ""},
		{"the oldest", "\x08\x01\x10\x24\x18\x04", true, "started in Envoy 1.36.4", "", ""},
		{"newer", "\x08\x01\x10\x40", true, "started in Envoy 1.64.0", "", ""},
		{"older", "\x08\x01\x10\x23\x18\x02", true, "", `this is Envoy 1.35.2, and Gatewarden is tested with Envoy 1.36.4 to 1.40.0; update it, and see what it lacks with "gatewarden check --envoy 1.35.2"`, ""},
		{"another host", "", true, "", "no property xds.node.user_agent_build_version. Gatewarden is tested with Envoy 1.36.4 to 1.40.0; if this is Envoy, ", ""},
		{"a host that states something else", "1.40", true, "", "does not state its version", ""},
		{"no random bytes", "\x08\x01\x10\x28", false, "started in Envoy 1.40.0", "", "gives no random bytes (random_get)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			change := func(h host) host { return stated{h, row.version, row.random} }
			w := startOn(t, change, nil, "{}")
			if w.status != types.OnPluginStartStatusOK {
				t.Fatal("the plugin does not start")
			}
			for _, level := range []struct {
				lines []string
				want  string
			}{{w.GetInfoLogs(), row.info}, {w.GetWarnLogs(), row.warn}, {w.GetErrorLogs(), row.fail}} {
				ours := slices.DeleteFunc(level.lines, func(line string) bool { return !strings.Contains(line, "gatewarden: ") })
				if len(ours) != min(len(level.want), 1) || !strings.Contains(strings.Join(ours, ""), level.want) {
					t.Errorf("got %q, want %q", ours, level.want)
				}
			}
		})
	}
}

// TestStartIsSaidOnce: not by each worker.
func TestStartIsSaidOnce(t *testing.T) {
	w := start(t, "{}", "{}", "{}")
	if lines := strings.Join(w.GetWarnLogs(), "\n"); strings.Count(lines, "does not state its version") != 1 {
		t.Error(lines)
	}
}
