//go:build wasip1 || tinygo

// Command empty is a filter that does nothing: what the sandbox alone costs.
package main

import _ "github.com/gatewarden/gatewarden/bench/guest/abi"

func main() {}

func request() uint32 { return 0 }

func response() uint32 { return 0 }
