module github.com/gatewarden/gatewarden/cmd/gatewarden

go 1.25.0

replace github.com/gatewarden/gatewarden => ../..

require (
	github.com/gatewarden/gatewarden v0.0.0
	github.com/klauspost/compress v1.20.3
	github.com/mattn/go-isatty v0.0.24
	github.com/spf13/cobra v1.10.2
	github.com/tidwall/gjson v1.20.0
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/sys v0.28.0 // indirect
)
