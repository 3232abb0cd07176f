// Package hostform describes how Envoy presents data to a Wasm filter: the headers that
// have at most one line, and values as bytes. The stand-ins for Envoy use it.
package hostform

import "strings"

// Names are headers of which a map has at most one line: adding another
// value puts it behind a comma in that line. They are the headers that Envoy
// keeps in fields of their own, and more of them come with its extensions, so
// that another build may have fewer:
// https://github.com/envoyproxy/envoy/blob/v1.36.0/envoy/http/header_map.h
// (INLINE_REQ_STRING_HEADERS and following). These are those of Envoy 1.40 with
// all extensions, as the contract has found them.
type Names map[string]bool

// RequestJoins are those of requests.
var RequestJoins = names(`
	:authority :path :method :scheme
	accept accept-encoding access-control-request-headers access-control-request-method
	authorization cache-control content-encoding content-type expect grpc-timeout
	if-match if-modified-since if-none-match if-range if-unmodified-since origin
	pragma referer user-agent via x-envoy-decorator-operation
	x-envoy-external-address x-envoy-original-path x-forwarded-for x-forwarded-host
	x-forwarded-port x-forwarded-proto x-request-id`)

// ResponseJoins are those of responses.
var ResponseJoins = names(`
	:status
	access-control-allow-credentials access-control-allow-headers
	access-control-allow-methods access-control-allow-origin
	access-control-allow-private-network access-control-expose-headers
	access-control-max-age age cache-control content-encoding content-type date
	etag expires grpc-message grpc-status last-modified location proxy-status
	server upgrade vary via x-envoy-ratelimited x-envoy-upstream-service-time
	x-request-id`)

func names(list string) Names {
	set := Names{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}
