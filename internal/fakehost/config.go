package fakehost

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// Seed is the seed of the tests' tables.
var Seed = table.Seed{1, 2, 3, 4}

// ParseConfig parses a configuration. The test fails if it is refused.
func ParseConfig(t testing.TB, json string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(json), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
