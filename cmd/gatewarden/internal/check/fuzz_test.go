package check

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// FuzzAgrees: check finds an error in a plugin configuration exactly when the filter,
// as Wasm, refuses it. The seeds are the parser's own cases.
func FuzzAgrees(f *testing.F) {
	modules := modules(f)
	for _, file := range glob(f, root+"/config/testdata/valid/*.json") {
		f.Add(read(f, file), "RATE_LIMIT_MCP_FAILURES=3")
	}
	for _, file := range glob(f, root+"/config/testdata/invalid/*.txt") {
		before, _, _ := strings.Cut(read(f, file), "----------\n")
		f.Add(before, "")
	}
	for _, variable := range []string{
		"TRUST_FORWARDED_FOR=true", "TRUST_FORWARDED_FOR=yes", "TRUST_FORWARDED_FOR=", "RATE_LIMIT_REST_FAILURES=x",
		"RATE_LIMIT_NOBODY_FAILURES=1", "RATE_LIMIT_REST_WINDOW_SECONDS=0", "RATE_LIMIT_=", "PATH=/bin", "=",
	} {
		f.Add("{}", variable)
		f.Add(" \n", variable)
	}
	f.Fuzz(func(t *testing.T, text, variable string) {
		name, value, found := strings.Cut(variable, "=")
		if strings.ContainsRune(variable, 0) || found && name == "" {
			return // an environment cannot have it
		}
		environment, variables := []string(nil), map[string]string{}
		if found {
			environment, variables = []string{variable}, map[string]string{name: value}
		}
		agrees(t, modules, text, environment, variables)
	})
}

func agrees(t *testing.T, modules map[string]*wasmhost.Module, text string, environment []string, variables map[string]string) {
	t.Helper()
	read, err := instances.Read([]byte(text), environment)
	if err == nil && len(read.Instances) > 0 && read.Instances[0].Kind != instances.Plain {
		return // a configuration of something else, with instances in it
	}
	var r Result
	r.File("file", []byte(text), environment)
	accepted := r.Count(Error) == 0 && r.Instances > 0
	for name, module := range modules {
		proxy, err := module.NewProxy(wasmhost.NewProcess(wasmhost.ProcessOptions{}), wasmhost.Options{
			PluginConfig: []byte(text), Env: variables,
		})
		var refused *wasmhost.StartError
		switch {
		case errors.As(err, &refused) && refused.Trap != nil:
			t.Errorf("the filter (%s) traps: %v", name, err)
		case err != nil && accepted:
			t.Errorf("check accepts what the filter (%s) refuses: %v", name, err)
		case err == nil && !accepted:
			t.Errorf("check refuses what the filter (%s) accepts: %+v", name, r.Findings)
		}
		if err == nil {
			_ = proxy.Close()
		}
	}
}

// modules are the filters that "make test" builds, TinyGo's where it is. While
// fuzzing, one must do: the smaller starts many times faster. The process that only
// hands out inputs needs none.
func modules(t testing.TB) map[string]*wasmhost.Module {
	t.Helper()
	list := map[string]*wasmhost.Module{}
	fuzzing := flag.Lookup("test.fuzz").Value.String() != ""
	if fuzzing && flag.Lookup("test.fuzzworker").Value.String() != "true" {
		return list
	}
	for _, compiler := range []string{"tinygo", "go"} {
		wasm, err := os.ReadFile(filepath.Join(root, "build", compiler, "gatewarden.wasm"))
		if compiler == "tinygo" && os.IsNotExist(err) || fuzzing && len(list) > 0 {
			continue
		}
		if err != nil {
			t.Fatalf("%v\nThis test needs the filter as Wasm: run \"make test\", or scripts/build-filter go build/go/gatewarden.wasm", err)
		}
		if list[compiler], err = wasmhost.Compile(wasm); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files (%v)", pattern, len(files), err)
	}
	return files
}

// FuzzFile: no file, of whatever shape, makes check panic or hang.
func FuzzFile(f *testing.F) {
	f.Add(read(f, "testdata/envoy.yaml"))
	f.Add(read(f, root+"/envoy.yaml"))
	for _, file := range glob(f, root+"/examples/*.json") {
		f.Add(read(f, file))
	}
	f.Add("kind: x\na: &a [*a]")
	f.Add(`{"static_resources": {"listeners": [{"filter_chains": [{}]}]}}`)
	f.Add("apiVersion: v1\nkind: ConfigMap\ndata: {a: \"static_resources: {\"}")
	f.Fuzz(func(t *testing.T, text string) {
		var r Result
		r.File("file", []byte(text), nil)
		for _, finding := range r.Findings {
			if finding.Line < 1 || finding.Message == "" {
				t.Errorf("%+v", finding)
			}
		}
	})
}
