package filter

import (
	"fmt"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// A client that has presented five wrong passwords is refused.
func Example() {
	host := &fakeHost{now: 1_700_000_000_000, properties: map[string]string{"source\x00address": "192.0.2.1:4711"}}
	c, err := config.Parse([]byte(`{"surfaces": [{"name": "login", "kind": "api", "match": [{"path": "/login"}],
		"lockout": {"failures": 5, "window": "5m"}}]}`), nil)
	if err != nil {
		panic(err)
	}
	filter := New(c, host, table.Seed{})

	for i := 0; i < 6; i++ {
		host.request = []Header{{":method", "POST"}, {":path", "/login"}, {"authorization", "Basic YW5uOnh4"}}
		stream := filter.NewStream()
		if stream.RequestHeaders(host, true) == Continue {
			host.response = []Header{{":status", "401"}} // says the service
			stream.ResponseHeaders(host, true)
		}
		stream.Done(host)
	}
	for _, reply := range host.replies {
		fmt.Println(reply.Status, reply.Headers[0].Name, reply.Headers[0].Value)
	}
	// Output:
	// 429 retry-after 300
}
