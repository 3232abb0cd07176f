package filter_test

import (
	"fmt"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// A client that has sent five wrong passwords is refused.
func Example() {
	host := fakehost.New()
	c, err := config.Parse([]byte(`{"surfaces": [{"name": "login", "kind": "api", "match": [{"path": "/login"}],
		"lockout": {"failures": 5, "window": "5m"}}]}`), nil)
	if err != nil {
		panic(err)
	}
	f := filter.New(c, host, table.Seed{})

	for i := 0; i < 6; i++ {
		host.Request = fakehost.Headers(":method", "POST", ":path", "/login", "authorization", "Basic YW5uOnh4")
		stream := f.NewStream()
		if stream.RequestHeaders(true) == proxy.Continue {
			host.Response = fakehost.Headers(":status", "401") // from the service
			stream.ResponseHeaders(true)
		}
		stream.Done()
	}
	for _, reply := range host.Replies {
		fmt.Println(reply.Status, reply.Headers[0].Name, reply.Headers[0].Value)
	}
	// Output:
	// 429 retry-after 300
}
