//go:build wasip1 || tinygo

// Command hostcalls makes the four host calls that Gatewarden needs for a request
// that passes, and nothing else: the floor under any such filter.
package main

import "github.com/gatewarden/gatewarden/bench/guest/abi"

func main() {}

// missing has the length of the key of one of Gatewarden's sets, and is as
// absent as the set of a client that never failed.
const missing = "gatewarden/1/nil/\x00\x00\x00\x00"

func request() uint32 {
	abi.RequestHeaders()
	abi.Property("source\x00address")
	abi.SharedData(missing)
	return 0
}

func response() uint32 {
	abi.Status()
	return 0
}
