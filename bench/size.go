package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/guests"
	"github.com/gatewarden/gatewarden/bench/internal/report"
	"github.com/gatewarden/gatewarden/bench/internal/size"
)

const sizeNote = "In kB. The columns are the modules as they are built, and the packages those of the filter, by their folders, and of others. Standard Go's linker keeps the tables of each function among the data; TinyGo's compiler puts what only a callback calls into the callback, whichever package it is of."

// sizePart is what the modules hold, by package. Its rows are those of the compilers, and
// their columns the packages.
const sizePart = "size"

// sizedPackages is how many packages are listed.
const sizedPackages = 25

// The columns that are no packages.
const (
	colWhole     = "**the module**"
	colData      = "data"
	colRemainder = "types, exports and other lists"
)

// sizeParts build the modules once more, with the names of their functions.
func (b *bench) sizeParts() []part {
	return []part{{name: sizePart, about: "one build of each", takes: 40 * time.Second, run: func(ctx context.Context) error {
		for _, c := range b.compilers {
			if err := b.measureSize(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}}}
}

func sizeRow(compiler string) string { return sizePart + "/" + compiler }

func (b *bench) measureSize(ctx context.Context, compiler string) error {
	file := filepath.Join(b.dir, "names-"+compiler+".wasm")
	build := exec.CommandContext(ctx, filepath.Join("scripts", "build-filter"), compiler, file)
	build.Dir, build.Env = b.tools.root, append(os.Environ(), "NAMES=1")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building with names by %s: %w\n%s", compiler, err, out)
	}
	m, err := readSizes(file, b.modules[guests.Gatewarden+"-"+compiler])
	if err != nil {
		return err
	}
	add := func(column string, bytes int) { b.results.Add(sizeRow(compiler), column, float64(bytes)/1000) }
	for name, bytes := range m.Code {
		add(name, bytes)
	}
	add(colWhole, m.Total)
	add(colData, m.Data)
	add(colRemainder, m.Other)
	return nil
}

// readSizes reads a module with names. What the names take, and all else that the shipped
// module does not have, is left out.
func readSizes(named, shipped string) (size.Module, error) {
	wasm, err := os.ReadFile(named)
	if err != nil {
		return size.Module{}, err
	}
	m, err := size.Read(wasm)
	if err != nil {
		return m, err
	}
	info, err := os.Stat(shipped)
	if err != nil {
		return m, err
	}
	m.Other -= m.Total - int(info.Size())
	m.Total = int(info.Size())
	return m, nil
}

// addSizes tells what the modules hold: the packages that are the largest in the last one,
// the rest as one, and what is not code.
func (b *bench) addSizes(d *document) {
	head, rows := []string{""}, map[string][]string{}
	compilers := slices.DeleteFunc(slices.Clone(b.compilers), func(c string) bool { return !b.results.Has(sizeRow(c), colWhole) })
	if len(compilers) == 0 {
		return
	}
	packages := b.largest(sizeRow(compilers[len(compilers)-1]))
	for _, c := range compilers {
		head = append(head, compilerName(c))
		of := func(column string) float64 { return b.results.Get(sizeRow(c), column).Median }
		rest := of(colWhole) - of(colData) - of(colRemainder)
		add := func(label string, kilobytes float64) { rows[label] = append(rows[label], report.Number(kilobytes)) }
		for _, name := range packages {
			add(name, of(name))
			rest -= of(name)
		}
		for _, column := range []string{colWhole, colData, colRemainder} {
			add(column, of(column))
		}
		add(allOthers, rest)
	}
	var table [][]string
	for _, label := range slices.Concat([]string{colWhole}, packages, []string{allOthers, colData, colRemainder}) {
		table = append(table, append([]string{label}, rows[label]...))
	}
	d.section("What the modules hold", sizeNote, head, table)
}

const allOthers = "all other packages"

// largest are the packages of a row that take most.
func (b *bench) largest(row string) []string {
	var names []string
	for name := range b.results[row] {
		if name != colWhole && name != colData && name != colRemainder {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(b.results.Get(row, y).Median, b.results.Get(row, x).Median), cmp.Compare(x, y))
	})
	return names[:min(len(names), sizedPackages)]
}
