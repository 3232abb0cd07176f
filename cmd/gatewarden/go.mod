module github.com/gatewarden/gatewarden/cmd/gatewarden

go 1.25.0

replace github.com/gatewarden/gatewarden => ../..

// Only tests use it.
replace github.com/gatewarden/gatewarden/internal/wasmhost => ../../internal/wasmhost

require (
	github.com/gatewarden/gatewarden v0.0.0
	github.com/gatewarden/gatewarden/internal/wasmhost v0.0.0
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	mvdan.cc/sh/v3 v3.13.1
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/tetratelabs/wazero v1.12.0 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/sys v0.44.0 // indirect
)
