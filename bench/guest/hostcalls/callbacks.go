//go:build wasip1 && !tinygo && go1.24

package main

import "github.com/gatewarden/gatewarden/bench/guest/calls"

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(uint32, uint32, uint32) uint32 { return calls.Request() }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(uint32, uint32, uint32) uint32 { return calls.Response() }
