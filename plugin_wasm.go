//go:build wasip1

package main

import "github.com/gatewarden/gatewarden/internal/proxywasm"

var (
	_ proxywasm.HTTPCallContext = (*pluginContext)(nil)
	_ proxywasm.GRPCContext     = (*pluginContext)(nil)
)

// init registers the plugin. The proxy then calls the exports of package proxywasm.
func init() { proxywasm.SetVMContext(newVMContext(new(proxywasm.Host))) }

// main has nothing to do, and newer TinyGo does not call it.
func main() {}
