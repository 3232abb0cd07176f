//go:build wasip1 || tinygo

// Package calls makes the four host calls that Gatewarden needs for a request that
// passes, and nothing else: the floor under any such filter.
package calls

import "github.com/gatewarden/gatewarden/bench/guest/abi"

// missing has the length of the key of one of Gatewarden's sets, and is as
// absent as the set of a client that never failed.
const missing = "gatewarden/1/nil/\x00\x00\x00\x00"

// Request makes those of a request.
func Request() uint32 {
	abi.RequestHeaders()
	abi.Property("source\x00address")
	abi.SharedData(missing)
	return 0
}

// Response makes that of a response.
func Response() uint32 {
	abi.Status()
	return 0
}
