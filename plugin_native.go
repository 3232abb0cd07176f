//go:build !wasip1

package main

import "os"

func main() {
	os.Stderr.WriteString("gatewarden runs inside a proxy: build it with \"make build\", try it with \"make run\"\n")
	os.Exit(2)
}
