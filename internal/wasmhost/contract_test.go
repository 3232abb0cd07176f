package wasmhost_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/contract"
)

// buildGuest compiles the contract's guest once per run of the tests.
var buildGuest = sync.OnceValues(func() (*wasmhost.Module, error) {
	dir, err := os.MkdirTemp("", "contract")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./contract/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return wasmhost.Compile(wasm)
})

func guest(t *testing.T) *wasmhost.Module {
	t.Helper()
	module, err := buildGuest()
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func start(t *testing.T, p *wasmhost.Process, o wasmhost.Options) *wasmhost.Proxy {
	t.Helper()
	proxy, err := guest(t).NewProxy(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	return proxy
}

// TestContract holds the stand-in to what is believed about Envoy.
func TestContract(t *testing.T) {
	echo := &contract.Echo{}
	proxy := start(t, wasmhost.NewProcess(wasmhost.ProcessOptions{VMID: "contract-vm"}), wasmhost.Options{
		VMConfig: []byte("vm"), StopIteration: true, PluginName: "contract", RootID: "root",
		Env: map[string]string{"CONTRACT": "yes"}, Clusters: []string{"service", contract.GRPCCluster, contract.ClosedCluster},
		Callout: func(c wasmhost.HTTPCall) wasmhost.Response {
			return answer(echo, wasmhost.Request{Method: c.Header(":method"), Path: c.Header(":path"), Headers: c.Headers, Body: [][]byte{c.Body}})
		},
		GRPC: func(c wasmhost.GRPCCall) wasmhost.GRPCAnswer {
			status, message := contract.GRPC{}.Answer(c.Cluster, c.Method, string(c.Message))
			if c.Authority != contract.Authority {
				t.Errorf("the authority is %q", c.Authority)
			}
			return wasmhost.GRPCAnswer{Status: status, Message: []byte(message)}
		},
	})
	contract.Run(t, func(r contract.Request) contract.Response { return send(proxy, echo, r) })
}

func send(proxy *wasmhost.Proxy, echo *contract.Echo, r contract.Request) contract.Response {
	in := wasmhost.Request{Method: r.Method, Path: r.Path, Authority: "contract.example", Headers: r.Headers,
		Trailers: r.Trailers, SourceAddress: sourceAddress(r),
		Metadata: map[string]any{contract.MetadataFilter: contract.Metadata}}
	if r.Body != "" {
		in.Body = [][]byte{[]byte(r.Body)}
	}
	length := 0
	got := proxy.Do(in, func(u wasmhost.Request) wasmhost.Response {
		a := answer(echo, u)
		for _, chunk := range a.Body {
			length += len(chunk)
		}
		return a
	})
	for proxy.AnswerGRPC() { // of calls whose stream is over
	}
	if got.UpstreamSawHeaders && !got.ReachedUpstream {
		echo.Note(got.UpstreamRequest.Header("x-contract-report"), contract.SawHeaders)
	}
	return contract.Response{Status: got.Status, Headers: got.Headers, Body: string(got.Body), Hung: got.Hung,
		Cut: got.Reset && len(got.Body) < length}
}

func answer(echo *contract.Echo, r wasmhost.Request) wasmhost.Response {
	var body strings.Builder
	for _, chunk := range r.Body {
		body.Write(chunk)
	}
	a := echo.Answer(r.Method, r.Path, r.Headers, body.String(), r.Trailers)
	out := wasmhost.Response{Status: a.Status, Headers: a.Headers, Trailers: a.Trailers}
	if a.Body != "" && a.Status != 204 {
		out.Body = [][]byte{[]byte(a.Body)}
	}
	return out
}

// sourceAddress is what Envoy makes of X-Forwarded-For when it trusts it.
func sourceAddress(r contract.Request) string {
	for _, p := range r.Headers {
		switch {
		case p[0] != "x-forwarded-for":
		case strings.Contains(p[1], ":"):
			return "[" + p[1] + "]:0"
		default:
			return p[1] + ":0"
		}
	}
	return ""
}
