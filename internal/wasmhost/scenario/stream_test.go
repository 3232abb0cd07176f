package scenario

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// TestStreamsTakeNoMemory: a stream of a hundred thousand events takes no more of the VM's
// memory than one of ten thousand, whether the filter leaves tools out of it or settles what
// its calls cost.
func TestStreamsTakeNoMemory(t *testing.T) {
	const config = `{
		"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}],
		"identity": [{"source": "headers", "subject": "x-user", "scopes": "x-scopes"}],
		"mcp": {"tools": [{"name": "read", "scopes": [], "cost": 1}, {"name": "hidden", "scopes": ["none"]}]},
		"quotas": [{"name": "credits", "unit": "credits", "per": ["subject"], "limit": 100, "window": "1h"}],
		"allow_on_headers_stop_iteration": true}`
	for name, row := range map[string]struct{ request, last, left string }{
		"a list": {`{"jsonrpc":"2.0","id":7,"method":"tools/list"}`, `{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"hidden"},{"name":"read"}]}}`,
			`{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"read"}]}}`},
		"a call": {`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"}}`, `{"jsonrpc":"2.0","id":7,"result":{"content":[]}}`,
			`{"jsonrpc":"2.0","id":7,"result":{"content":[]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			proxy, err := runtimes(t)["go"](wasmhost.NewProcess(wasmhost.ProcessOptions{}), wasmhost.Options{PluginConfig: []byte(config), StopIteration: true})
			if err != nil {
				t.Fatal(err)
			}
			defer proxy.Close()
			play := func(events int) (memory int) {
				t.Helper()
				var body [][]byte
				for i := range events {
					body = append(body, fmt.Appendf(nil, "id: %d\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":%[1]d,\"message\":\"%0[2]*d\"}}\n\n", i, 60, i))
				}
				passes := bytes.Join(body, nil)
				body = append(body, []byte("data: "+row.last+"\n\n"))
				result := proxy.Do(wasmhost.Request{
					Method: "POST", Path: "/mcp", Headers: [][2]string{{"content-type", "application/json"}, {"x-user", "ann"}}, Body: [][]byte{[]byte(row.request)},
				}, func(wasmhost.Request) wasmhost.Response {
					return wasmhost.Response{Headers: [][2]string{{"content-type", "text/event-stream"}}, Body: body}
				})
				if !bytes.Equal(result.Body, append(passes, "data: "+row.left+"\n\n"...)) {
					t.Fatalf("%d events: status %d, and %d bytes, which are not what they should be", events, result.Status, len(result.Body))
				}
				return proxy.Memory()
			}
			const events = 100_000
			before := play(events / 10)
			if after := play(events); after > before || before == 0 {
				t.Errorf("the VM's memory grew from %d to %d bytes", before, after)
			}
		})
	}
}
