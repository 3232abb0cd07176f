//go:build gatewarden_no_operations

package main

import (
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

func newOperations(*config.Config, host, table.Seed, string) types.HttpContext { return nil }
