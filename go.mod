module github.com/gatewarden/gatewarden

// What is compiled into the filter keeps to Go 1.23's language and library, so
// that TinyGo builds it. Whatever needs more is a module of its own:
// internal/wasmhost, config/schematest, e2e.
go 1.25.0

require github.com/tidwall/gjson v1.20.0

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
