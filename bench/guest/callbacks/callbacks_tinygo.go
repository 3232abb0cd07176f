//go:build tinygo

package main

import "github.com/gatewarden/gatewarden/bench/guest/calls"

//export proxy_on_context_create
func onContextCreate(uint32, uint32) {}

//export proxy_on_request_headers
func onRequestHeaders(uint32, uint32, uint32) uint32 { return calls.Request() }

//export proxy_on_response_headers
func onResponseHeaders(uint32, uint32, uint32) uint32 { return calls.Response() }

//export proxy_on_response_body
func onResponseBody(uint32, uint32, uint32) uint32 { return 0 }

//export proxy_on_done
func onDone(uint32) uint32 { return done }
