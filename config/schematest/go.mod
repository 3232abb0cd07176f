module github.com/gatewarden/gatewarden/config/schematest

go 1.25.0

require (
	github.com/gatewarden/gatewarden v0.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require (
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
	golang.org/x/text v0.14.0 // indirect
)

replace github.com/gatewarden/gatewarden => ../..
