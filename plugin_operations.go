//go:build !gatewarden_no_operations

package main

import (
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/opaque"
	"github.com/gatewarden/gatewarden/operations"
	"github.com/gatewarden/gatewarden/table"
)

// newOperations returns the endpoint for people on call, nil if the module is built
// without it.
func newOperations(c *config.Config, h host, seed table.Seed, envoy string) types.HttpContext {
	return &operationsContext{host: h, endpoint: opaque.To(operations.New(c, h, seed, envoy))}
}

// operationsContext answers requests to the endpoint for people on call. It keeps
// nothing about a request, so there is one for all.
type operationsContext struct {
	types.DefaultHttpContext
	host     operations.Host
	endpoint opaque.Pointer[operations.Endpoint]
}

func (o *operationsContext) OnHttpRequestHeaders(int, bool) types.Action {
	o.endpoint.Get().Answer(o.host)
	return types.ActionPause
}
