package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
)

// A change that should cost nothing is held to that by pairs of two builds of the filter:
// one from before the change, and this one. See -against.

// builds are the modules to compare with, by their compilers.
type builds map[string]string

// String is part of flag.Value.
func (b builds) String() string { return "" }

// Set reads COMPILER=FILE.
func (b builds) Set(text string) error {
	compiler, file, found := strings.Cut(text, "=")
	if !found || !slices.Contains([]string{"go", "tinygo"}, compiler) {
		return fmt.Errorf("write go=FILE or tinygo=FILE")
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	b[compiler] = file
	return nil
}

// against is the name of the module to compare with.
const against = "against"

// againstVariants are the other builds, passing and refusing.
func (b *bench) againstVariants() []variant {
	var all []variant
	for _, does := range []string{"pass", "refuse"} {
		for _, c := range b.compilers {
			if b.against[c] == "" {
				continue
			}
			v := b.filter(does, against, c, b.against[c])
			v.label = "Envoy, the other build, " + compilerName(c)
			if does == "refuse" {
				v.status = 429
			}
			all = append(all, v)
		}
	}
	return all
}

func (b *bench) againstPairs() []pair {
	var all []pair
	for _, does := range []string{"pass", "refuse"} {
		for _, c := range b.compilers {
			if b.against[c] != "" {
				name := "/" + guests.Gatewarden + "-" + c
				all = append(all, pair{"pair/against/" + does + "/" + c, does + "/" + against + "-" + c, does + name})
			}
		}
	}
	return all
}

// againstRows are the ratios of this build to the other one.
func (b *bench) againstRows() [][]string {
	var rows [][]string
	for _, p := range b.againstPairs() {
		if b.results.Has(p.name, colPairCPU) {
			rows = append(rows, append([]string{p.second}, b.cells(p.name, colPairCPU, colPairRate)...))
		}
	}
	return rows
}
