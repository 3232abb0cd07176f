//go:build !wasip1

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, `gatewarden runs inside a proxy: build it with "make build", try it with "make run"`)
	os.Exit(2)
}
