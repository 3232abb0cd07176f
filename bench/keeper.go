package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"github.com/gatewarden/gatewarden/bench/internal/report"
)

// keeper has the results of this run and, if it was given a file, those that earlier runs
// left in it. So one report can have parts that were measured one after the other.
type keeper struct {
	file     string
	machine  [][]string
	results  report.Results
	measured map[string]measured
}

// measured says how the results of a part came about.
type measured struct {
	At     string `json:"at"`
	Took   string `json:"took"`
	About  string `json:"about"`
	Busy   string `json:"load_average_before"`
	Commit string `json:"commit"`
	Quick  bool   `json:"quick,omitempty"`
}

// keptFile is the file's content.
type keptFile struct {
	Machine [][]string          `json:"machine"`
	Parts   map[string]measured `json:"parts"`
	Results report.Results      `json:"results"`
}

// openKeeper reads a file, which need not exist. Results of another machine or of other
// programs would look like those of this one, so they are an error.
func openKeeper(file string, machine [][]string) (keeper, error) {
	k := keeper{file: file, machine: machine, results: report.Results{}, measured: map[string]measured{}}
	if file == "" {
		return k, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, err
	}
	kept := keptFile{Parts: k.measured, Results: k.results}
	if err := json.Unmarshal(text, &kept); err != nil {
		return k, fmt.Errorf("%s: %w", file, err)
	}
	if !reflect.DeepEqual(kept.Machine, machine) {
		return k, fmt.Errorf("%s is of another machine or of other programs: %v, not %v; remove it or name another file", file, kept.Machine, machine)
	}
	return k, nil
}

// keep notes that a part was measured, and writes the file if there is one.
func (k *keeper) keep(part string, how measured) error {
	k.measured[part] = how
	if k.file == "" {
		return nil
	}
	text, err := json.MarshalIndent(keptFile{Machine: k.machine, Parts: k.measured, Results: k.results}, "", "\t")
	if err != nil {
		return err
	}
	// Whoever stops the run here must not lose what other runs left.
	next := k.file + ".new"
	if err := os.WriteFile(next, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(next, k.file)
}
