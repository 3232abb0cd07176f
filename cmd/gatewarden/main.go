// Command gatewarden puts Gatewarden into a configuration of Envoy, checks a
// configuration, simulates it on access logs and explains what it does with a request.
// It decides by the same packages as the filter.
package main

import (
	"os"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
