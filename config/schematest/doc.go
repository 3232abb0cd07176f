// Package schematest compares config/schema.json with package config. It is a package
// of its own because only it needs a validator of schemas.
package schematest
