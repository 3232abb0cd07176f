package e2e

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

func followProtocol(b *envoy.Bootstrap) error { return b.FollowProtocol("service") }

func (c *caller) call(t *testing.T, method, status string, headers ...[]string) (r reply, grpcStatus string) {
	t.Helper()
	r = c.do(t, "POST", "/demo.Status/"+method, "\x00\x00\x00\x00\x00", append(headers,
		[]string{"Content-Type", "application/grpc", "Te", "trailers", "X-Status", status})...)
	require.Equal(t, 200, r.status)
	if grpcStatus = r.header.Get("Grpc-Status"); grpcStatus == "" {
		grpcStatus = r.trailer.Get("Grpc-Status")
	}
	return r, grpcStatus
}

func TestGRPC(t *testing.T) {
	s := standard(t, plain)
	for _, method := range []string{"TrailersOnly", "Trailers"} {
		t.Run(method, func(t *testing.T) {
			c := s.newCaller(t, client.HTTP2)
			for _, other := range []string{"0", "5", "7", "8", "13", "14"} {
				for range 5 {
					_, got := c.call(t, method, other, wrong)
					require.Equal(t, other, got)
				}
			}
			for range 10 {
				_, got := c.call(t, method, "16")
				require.Equal(t, "16", got, "without a credential")
			}
			for range 3 {
				_, got := c.call(t, method, "16", wrong)
				require.Equal(t, "16", got)
			}
			r, got := c.call(t, method, "0", valid)
			assert.Equal(t, "8", got, "RESOURCE_EXHAUSTED")
			assert.NotEmpty(t, r.header.Get("Retry-After"))
			assert.Contains(t, r.header.Get("Grpc-Message"), "Try again in")
			assert.Empty(t, r.body)
		})
	}
}
