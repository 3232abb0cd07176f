package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/internal/wasmhost/contract"
)

// TestHostContract asks the real Envoy the questions that the stand-in of
// internal/wasmhost is asked, and wants the same answers: what the fast tests
// show is then true of Envoy, too.
func TestHostContract(t *testing.T) {
	t.Parallel()
	guest := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", guest, "./contract/guest")
	build.Dir = filepath.Join(root, "internal", "wasmhost")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	upstream := httptest.NewServer(&contract.Echo{})
	t.Cleanup(upstream.Close)
	grpc := httptest.NewUnstartedServer(contract.GRPC{})
	grpc.Config.Protocols = onlyHTTP2()
	grpc.Start()
	t.Cleanup(grpc.Close)
	s := start(t, "", ownProcess, withModule(guest), withWorkers(1), withBootstrap(func(b *envoy.Bootstrap) error {
		return errors.Join(
			forContract(b, strings.TrimPrefix(upstream.URL, "http://")),
			addHTTP2(b, contract.GRPCCluster, strings.TrimPrefix(grpc.URL, "http://")),
			addHTTP2(b, contract.ClosedCluster, "127.0.0.1:1"), // where nobody listens
		)
	}))
	contract.Run(t, func(r contract.Request) contract.Response {
		t.Helper()
		response, err := exchange(s.address, r, hangs)
		require.NoError(t, err, "%s %s", r.Method, r.Path)
		return response
	})
}

// forContract makes of envoy.yaml what package contract asks of a host.
func forContract(b *envoy.Bootstrap, upstream string) error {
	delete(b.Plugin, "configuration")
	b.Plugin["name"], b.Plugin["root_id"] = "contract", "root"
	vm, ok := b.Plugin["vm_config"].(envoy.Object)
	if !ok {
		return errors.New("envoy.yaml has no vm_config")
	}
	vm["vm_id"] = "contract-vm"
	vm["configuration"] = envoy.Object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "vm"}
	vm["environment_variables"] = envoy.Object{"key_values": envoy.Object{"CONTRACT": "yes"}}

	b.InsertBefore(envoy.Object{
		"name": "envoy.filters.http.set_metadata",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
			"metadata": []any{envoy.Object{
				"metadata_namespace": contract.MetadataFilter, "value": contract.Metadata,
			}},
		},
	})
	b.HCM["use_remote_address"] = false
	b.HCM["http_protocol_options"] = envoy.Object{"enable_trailers": true}
	for _, tidying := range []string{
		"normalize_path", "merge_slashes", "path_with_escaped_slashes_action", "common_http_protocol_options",
	} {
		delete(b.HCM, tidying)
	}
	cluster, err := b.Cluster("service")
	if err != nil {
		return err
	}
	cluster["typed_extension_protocol_options"] = envoy.Object{
		"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			"explicit_http_config": envoy.Object{
				"http_protocol_options": envoy.Object{"enable_trailers": true},
			},
		},
	}
	return b.SetEndpoint("service", upstream)
}

func onlyHTTP2() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func addHTTP2(b *envoy.Bootstrap, name, address string) error {
	return errors.Join(b.AddCluster(name, address), b.SpeakHTTP2(name))
}

// hangs is how long an answer may take before it is taken for one that does not
// come. Any other comes within milliseconds.
const hangs = 2 * time.Second

// exchange sends a request as it is, header by header, and keeps the order of
// the response's headers, which net/http's client would lose. It waits for an answer no
// longer than limit.
func exchange(address string, r contract.Request, limit time.Duration) (contract.Response, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return contract.Response{}, err
	}
	defer conn.Close()
	if _, err := conn.Write(encode(r)); err != nil {
		return contract.Response{}, err
	}
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return contract.Response{}, err
	}
	reader := bufio.NewReader(conn)
	head, err := readHead(reader)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return contract.Response{Hung: true}, nil
	}
	if err != nil {
		return contract.Response{}, fmt.Errorf("no response: %w", err)
	}
	request := &http.Request{Method: r.Method}
	response, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), reader)), request)
	if err != nil {
		return contract.Response{}, err
	}
	body, err := io.ReadAll(response.Body)
	result := contract.Response{
		Status: response.StatusCode, Headers: contract.SplitHead(head), Body: string(body),
		Cut: errors.Is(err, io.ErrUnexpectedEOF),
	}
	if result.Cut {
		err = nil
	}
	return result, err
}

func encode(r contract.Request) []byte {
	var b bytes.Buffer
	host := r.Host
	if host == "" {
		host = "contract.example"
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: %s\r\n", r.Method, r.Path, host)
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	switch {
	case len(r.Trailers) > 0:
		fmt.Fprintf(&b, "transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n", len(r.Body), r.Body)
		for _, h := range r.Trailers {
			fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
		}
		b.WriteString("\r\n")
	case r.Body != "":
		fmt.Fprintf(&b, "content-length: %d\r\n\r\n%s", len(r.Body), r.Body)
	default:
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// readHead reads up to and including the empty line after the headers.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for {
		line, err := r.ReadBytes('\n')
		head = append(head, line...)
		if err != nil || len(bytes.TrimSpace(line)) == 0 {
			return head, err
		}
	}
}
