// Package message writes the requests and reads the responses of Envoy's rate limit
// protocol, envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit.
//
//	request.go   what is written
//	response.go  what is read
//	wire.go      the encoding of both: protobuf
//
// Only the fields that the fleet needs are written or read. Tests in e2e compare them
// with the Go types that Envoy publishes.
//
// See https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ratelimit/v3/rls.proto
// and https://protobuf.dev/programming-guides/encoding
package message

// Code says what the service decided.
type Code int32

// The codes. A service of a later protocol may have others.
const (
	Unknown   Code = 0
	OK        Code = 1
	OverLimit Code = 2
)

// Unit is the length of a window.
type Unit int32

// The units of windows that have one length.
const (
	Second Unit = 1
	Minute Unit = 2
	Hour   Unit = 3
	Day    Unit = 4
	Week   Unit = 7
)

// Length returns the unit's length in milliseconds. It is 0 for months, years, and units
// that are not known.
func (u Unit) Length() int64 {
	switch u {
	case Second:
		return 1000
	case Minute:
		return 60 * 1000
	case Hour:
		return 60 * 60 * 1000
	case Day:
		return 24 * 60 * 60 * 1000
	case Week:
		return 7 * 24 * 60 * 60 * 1000
	}
	return 0
}
