package config

import (
	"strconv"
	"strings"
	"testing"
)

const twoSurfaces = `{"surfaces": [
  {"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"escalate": {"factor": 2, "max": "2m"}}},
  {"name": "rest-v1_window_seconds", "kind": "api", "match": [{"prefix": "/api"}]}
]}`

func TestEnvironment(t *testing.T) {
	const long = "RATE_LIMIT_REST_V1_WINDOW_SECONDS"
	for _, row := range []struct {
		env  string // variables, separated by blanks
		want string // "failures/window failures/window source", or the error
	}{
		{"", "20/1m 20/1m envoy"},
		{"RATE_LIMIT_MCP_FAILURES=7", "7/1m 20/1m envoy"},
		{"RATE_LIMIT_MCP_FAILURES=0", "0/1m 20/1m envoy"},
		{"RATE_LIMIT_MCP_WINDOW_SECONDS=90", "20/1m30s 20/1m envoy"},
		{"RATE_LIMIT_MCP_FAILURES=7 RATE_LIMIT_MCP_WINDOW_SECONDS=1", "7/1s 20/1m envoy"},
		{"RATE_LIMIT_MCP_FAILURES=7 RATE_LIMIT_MCP_FAILURES=8", "8/1m 20/1m envoy"},
		{long + "_FAILURES=3 " + long + "_WINDOW_SECONDS=2592000", "20/1m 3/30d envoy"},
		{"TRUST_FORWARDED_FOR=true", "20/1m 20/1m xff-first"},
		{"TRUST_FORWARDED_FOR=false", "20/1m 20/1m envoy"},
		{"TRUST_FORWARDED_FOR=", "20/1m 20/1m envoy"},
		{"PATH=/bin RATE_LIMIT_ RATE_LIMITS=1 RATE_LIMIT_MCP_FAILURES trust_forwarded_for=yes =", "20/1m 20/1m envoy"},

		{"TRUST_FORWARDED_FOR=1", `environment TRUST_FORWARDED_FOR: "1" is not known here; write "true" or "false"`},
		{"RATE_LIMIT_MCP_FAILURES=", `environment RATE_LIMIT_MCP_FAILURES: "" is not a whole number from 0 to 1000000; write one, or remove the variable`},
		{"RATE_LIMIT_MCP_FAILURES=1000001", `environment RATE_LIMIT_MCP_FAILURES: "1000001" is not a whole number from 0 to 1000000; write one, or remove the variable`},
		{"RATE_LIMIT_MCP_WINDOW_SECONDS=0", `environment RATE_LIMIT_MCP_WINDOW_SECONDS: "0" is not a whole number from 1 to 2592000; write one, or remove the variable`},
		{"RATE_LIMIT_MCP_WINDOW_SECONDS=5m", `environment RATE_LIMIT_MCP_WINDOW_SECONDS: "5m" is not a whole number from 1 to 2592000; write one, or remove the variable`},
		{"RATE_LIMIT_REST_FAILURES=1", "environment RATE_LIMIT_REST_FAILURES: names no surface; the surfaces are MCP and REST_V1_WINDOW_SECONDS"},
		{"RATE_LIMIT_mcp_FAILURES=1", "environment RATE_LIMIT_mcp_FAILURES: names no surface; the surfaces are MCP and REST_V1_WINDOW_SECONDS"},
		{"RATE_LIMIT_MCP_WINDOW=1", "environment RATE_LIMIT_MCP_WINDOW: is not a known variable; write RATE_LIMIT_<SURFACE>_FAILURES or RATE_LIMIT_<SURFACE>_WINDOW_SECONDS"},
		{"RATE_LIMIT_FAILURES=1", "environment RATE_LIMIT_FAILURES: is not a known variable; write RATE_LIMIT_<SURFACE>_FAILURES or RATE_LIMIT_<SURFACE>_WINDOW_SECONDS"},
		// Checks apply to the values of the environment, too.
		{"RATE_LIMIT_MCP_WINDOW_SECONDS=121", `surfaces[0].lockout.escalate.max: "2m" is shorter than the first lockout, which is the window of "2m1s"; write a longer max`},
	} {
		if got := inEnvironment(twoSurfaces, row.env); got != row.want {
			t.Errorf("%q: got %s, want %s", row.env, got, row.want)
		}
	}
}

// TestEnvironmentOfBrokenSurfaces: a variable that names no surface is a violation
// only if the names of all surfaces could be read.
func TestEnvironmentOfBrokenSurfaces(t *testing.T) {
	for _, row := range []struct{ json, want string }{
		{`{"surfaces": []}`, "environment RATE_LIMIT_A_FAILURES: names no surface, and there are none; remove it"},
		{`{"surfaces": {}}`, "surfaces: is an object; write a list in square brackets"},
		{`{"surfaces": [{"name": "A", "kind": "api", "match": [{"path": "/a"}]}]}`,
			`surfaces[0].name: "A" is not a surface's name; write a letter, then letters, digits, - and _, all lower case, at most 32`},
	} {
		if got := inEnvironment(row.json, "RATE_LIMIT_A_FAILURES=1"); got != row.want {
			t.Errorf("%s: got %s, want %s", row.json, got, row.want)
		}
	}
}

func inEnvironment(json, env string) string {
	c, err := Parse([]byte(json), strings.Split(env, " "))
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, s := range c.Surfaces {
		words = append(words, itoa(s.Lockout.Failures)+"/"+formatDuration(s.Lockout.Window))
	}
	return strings.Join(append(words, sourceWord(&c.Client)), " ")
}

// FuzzEnvironment: a valid variable changes the field that it names, and no other,
// to the number that it holds.
func FuzzEnvironment(f *testing.F) {
	for _, name := range []string{"MCP_FAILURES", "MCP_WINDOW_SECONDS", "REST_V1_WINDOW_SECONDS_FAILURES", "REST_V1_WINDOW_SECONDS", "_", "MCP", ""} {
		for _, value := range []string{"7", "0", "1000001", "-1", "+7", "07", " 7", "7 ", "7s", "", "٧", "1e3", "18446744073709551616"} {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := Parse([]byte(twoSurfaces), []string{"RATE_LIMIT_" + name + "=" + value})
		before, _ := Parse([]byte(twoSurfaces), nil)
		if err != nil {
			return
		}
		changed := 0
		for i := range c.Surfaces {
			was, is := before.Surfaces[i].Lockout, c.Surfaces[i].Lockout
			if is.Failures != was.Failures {
				changed++
				if n, err := strconv.ParseInt(value, 10, 64); err != nil || n != int64(is.Failures) {
					t.Fatalf("%s=%q sets failures to %d", name, value, is.Failures)
				}
			}
			if is.Window != was.Window {
				changed++
				if n, err := strconv.ParseInt(value, 10, 64); err != nil || n*second != is.Window {
					t.Fatalf("%s=%q sets the window to %d ms", name, value, is.Window)
				}
			}
		}
		if changed > 1 {
			t.Fatalf("%s=%q changes %d fields", name, value, changed)
		}
	})
}
