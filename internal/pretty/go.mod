// What wasm.mod has in place of tidwall/pretty: see pretty.go.
module github.com/tidwall/pretty

go 1.23
