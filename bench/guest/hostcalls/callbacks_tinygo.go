//go:build tinygo

package main

import "github.com/gatewarden/gatewarden/bench/guest/calls"

//export proxy_on_request_headers
func onRequestHeaders(uint32, uint32, uint32) uint32 { return calls.Request() }

//export proxy_on_response_headers
func onResponseHeaders(uint32, uint32, uint32) uint32 { return calls.Response() }
