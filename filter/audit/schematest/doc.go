// Package schematest compares audit lines with docs/audit.schema.json. It is a package of
// its own, because it needs a validator.
package schematest
