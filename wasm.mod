module github.com/gatewarden/gatewarden

// The module as it is compiled into the filter, by either compiler: what of go.mod is
// compiled in, and a go line that TinyGo 0.33 accepts, which comes with Go 1.23.
// scripts/build-filter passes it as -modfile. Its versions are those of go.mod; a test
// compares them.
go 1.23

require (
	github.com/tetratelabs/proxy-wasm-go-sdk v0.24.0
	github.com/tidwall/gjson v1.20.0
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)

// gjson's modifiers, which the filter does not use: see the package.
replace github.com/tidwall/pretty => ./internal/pretty
