//go:build wasip1

package main

import "github.com/gatewarden/gatewarden/internal/proxywasm"

// init registers the plugin. The proxy then calls the exports of package proxywasm.
func init() { proxywasm.SetVMContext(newVMContext(new(proxywasm.Host))) }

// main has nothing to do, and newer TinyGo does not call it.
func main() {}
