//go:build tinygo

package main

//export proxy_on_request_headers
func onRequestHeaders(uint32, uint32, uint32) uint32 { return request() }

//export proxy_on_response_headers
func onResponseHeaders(uint32, uint32, uint32) uint32 { return response() }
