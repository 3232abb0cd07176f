//go:build wasip1 && !tinygo && go1.24

package main

import "github.com/gatewarden/gatewarden/bench/guest/calls"

//go:wasmexport proxy_on_context_create
func onContextCreate(uint32, uint32) {}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(uint32, uint32, uint32) uint32 { return calls.Request() }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(uint32, uint32, uint32) uint32 { return calls.Response() }

//go:wasmexport proxy_on_response_body
func onResponseBody(uint32, uint32, uint32) uint32 { return 0 }

//go:wasmexport proxy_on_done
func onDone(uint32) uint32 { return done }
