package scenario

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
)

// build is where the filters are that "make test" builds.
const build = "../../../build"

func load(t testing.TB, path string) Start {
	t.Helper()
	wasm, err := os.ReadFile(filepath.Join(build, path))
	if err != nil {
		t.Fatalf("%v\nThe scenarios need the filter as Wasm: run \"make test\", or scripts/build-filter go build/go/gatewarden.wasm", err)
	}
	module, err := wasmhost.Compile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	return module.NewProxy
}

// runtimes are the ways in which the filter runs here. TinyGo's build is there
// only where TinyGo is; standard Go's always is.
func runtimes(t testing.TB) map[string]Start {
	t.Helper()
	all := map[string]Start{"native": native.NewProxy, "go": load(t, "go/gatewarden.wasm")}
	if _, err := os.Stat(filepath.Join(build, "tinygo/gatewarden.wasm")); err == nil {
		all["tinygo"] = load(t, "tinygo/gatewarden.wasm")
	}
	return all
}

// TinyGo's build also runs in a variant that collects before each callback and overwrites
// what it frees: see package heap.
func TestScenarios(t *testing.T) {
	all, collecting := runtimes(t), "tinygo/gatewarden-collecting.wasm"
	if _, err := os.Stat(filepath.Join(build, collecting)); err == nil {
		all["tinygo, collecting"] = load(t, collecting)
	}
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			transcripts := map[string]string{}
			for name, start := range all {
				t.Run(name, func(t *testing.T) {
					world, err := NewStandIn(s, start)
					if err != nil {
						t.Fatal(err)
					}
					defer world.Close()
					transcripts[name] = Run(t, world, s)
				})
			}
			for name, transcript := range transcripts {
				if transcript != transcripts["native"] {
					t.Errorf("%s and native differ:\n--- %s\n%s\n--- native\n%s", name, name, transcript, transcripts["native"])
				}
			}
		})
	}
}
