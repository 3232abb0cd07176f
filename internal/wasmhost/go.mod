module github.com/gatewarden/gatewarden/internal/wasmhost

go 1.25.0

require github.com/tetratelabs/wazero v1.12.0

require github.com/gatewarden/gatewarden v0.0.0

require (
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/sys v0.44.0 // indirect
)

replace github.com/gatewarden/gatewarden => ../../
