module github.com/gatewarden/gatewarden/cmd/gatewarden

go 1.25.0

replace github.com/gatewarden/gatewarden => ../..

require (
	github.com/gatewarden/gatewarden v0.0.0
	github.com/spf13/cobra v1.10.2
	go.yaml.in/yaml/v3 v3.0.6
)

require (
	github.com/cpuguy83/go-md2man/v2 v2.0.6 // indirect
	github.com/russross/blackfriday/v2 v2.1.0 // indirect
	github.com/tetratelabs/wazero v1.12.0 // indirect
	golang.org/x/sys v0.44.0 // indirect
)

require (
	github.com/gatewarden/gatewarden/internal/wasmhost v0.0.0
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)

replace github.com/gatewarden/gatewarden/internal/wasmhost => ../../internal/wasmhost
