// Command try-filter starts a build of the filter as a proxy would, and takes one
// request through it, so that a module that a proxy would refuse is never shipped:
//
//	go run ./internal/wasmhost/cmd/try-filter build/gatewarden.wasm
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, out io.Writer) int {
	if len(args) != 1 {
		_, _ = fmt.Fprintln(out, "usage: try-filter FILE")
		return 2
	}
	wasm, err := os.ReadFile(args[0])
	if err == nil {
		err = try(wasm)
	}
	if err != nil {
		_, _ = fmt.Fprintf(out, "try-filter: %s: %v\n", args[0], err)
		return 1
	}
	return 0
}

// callbacks are the exports that the filter has for the proxy. The proxy does not miss
// one: it does not call it, and the filter does not do its work.
var callbacks = []wasmhost.Callback{
	wasmhost.OnContextCreate, wasmhost.OnVMStart, wasmhost.OnConfigure, wasmhost.OnTick,
	wasmhost.OnRequestHeaders, wasmhost.OnRequestBody, wasmhost.OnRequestTrailers,
	wasmhost.OnResponseHeaders, wasmhost.OnResponseBody, wasmhost.OnResponseTrailers,
	wasmhost.OnHTTPCallResponse, wasmhost.OnGRPCReceive, wasmhost.OnGRPCClose, wasmhost.OnDone,
}

// The request that is tried: a failed authentication at a surface of the empty
// configuration, which must reach the service and be counted.
const (
	path    = "/api/v1/try"
	counter = "gatewarden_auth_failures_total.surface.rest"
)

// try tells what is wrong with a module and what to do about it, nil if it works.
func try(wasm []byte) error {
	module, err := wasmhost.Compile(wasm)
	if err != nil {
		return fmt.Errorf("a proxy cannot load it: %w\nBuild it with \"make build\"", err)
	}
	var missing []string
	for _, c := range callbacks {
		if !module.Exports(c) {
			missing = append(missing, string(c))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("it does not export %s\nEach compiler has its list in internal/proxywasm, exports_stdgo.go and exports_tinygo.go", strings.Join(missing, ", "))
	}
	process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
	worker, err := module.NewProxy(process, wasmhost.Options{})
	if err != nil {
		return fmt.Errorf("a proxy could not start it: %w\n%s", err, advice(err))
	}
	defer func() { _ = worker.Close() }()
	result := worker.Do(wasmhost.Request{Path: path, Headers: [][2]string{{"authorization", "Bearer try"}}},
		func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: 401} })
	if err = result.Trapped; err == nil {
		err = worker.Tick()
	}
	if err != nil {
		return fmt.Errorf("it traps: %w\n%s", err, another)
	}
	if counted := process.Metrics.Counter(counter); result.Status != 401 || !result.ReachedUpstream || counted != 1 {
		return fmt.Errorf("a request for %s, which the service answers with 401, went wrong: status %d, reached the service %v, counted as a failure %d times\n%s",
			path, result.Status, result.ReachedUpstream, counted, another)
	}
	return nil
}

const another = "If the tests pass, the compiler is at fault: build with TOOLCHAIN=go, or with a TinyGo that is known to work (README.md)"

// advice says what to do about a module that does not start.
func advice(err error) string {
	if strings.Contains(err.Error(), "module closed with exit_code(0)") {
		return "The instance ends when main returns: TinyGo 0.34 and newer need -buildmode=c-shared, as scripts/tinygo-build has it"
	}
	return another
}
