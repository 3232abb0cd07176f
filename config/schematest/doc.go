// Package schematest compares config/schema.json with package config. It is a
// module of its own so that the filter's module needs no schema validator.
//
// Run it with -count=1: go test caches results and does not notice changes in
// files outside of this module.
package schematest
