// Package schematest holds config/schema.json against package config. It is a
// module of its own so that the filter's module needs no schema validator.
//
// Run it with -count=1: go test remembers results, and does not see changes in
// files outside of this module.
package schematest
