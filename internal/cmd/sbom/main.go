// Command sbom writes a software bill of materials (CycloneDX) for the modules that
// "go list" reports:
//
//	go list -deps -json=Module . | go run ./internal/cmd/sbom FILE VERSION PURL...
//
// The bill describes FILE at VERSION. Each PURL is the package URL of a component that
// "go list" does not report, such as a compiler's standard library. The same arguments
// and input produce the same bytes.
// See https://cyclonedx.org/docs/1.6/json/
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// module is the part of the output of "go list" that names a module.
type module struct {
	Path, Version string
	Main          bool
	Replace       *module
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: sbom FILE VERSION and any number of PURLs")
	}
	file, version := args[0], args[1]
	purls := map[string]bool{}
	for _, purl := range args[2:] {
		purls[purl] = true
	}
	if err := readModules(in, version, purls); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(newBill(file, version, slices.Sorted(maps.Keys(purls))))
}

// readModules adds the package URLs of the modules in the output of "go list", except
// for what the bill describes.
func readModules(in io.Reader, version string, purls map[string]bool) error {
	for decoder := json.NewDecoder(in); ; {
		var listed struct{ Module *module }
		if err := decoder.Decode(&listed); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the output of go list: %w", err)
		}
		m := listed.Module
		// A folder below the main module is of the product itself, whatever its path says.
		if m == nil || m.Main || m.Replace != nil && strings.HasPrefix(m.Replace.Path, "./") {
			continue
		}
		path, at := m.Path, m.Version
		if m.Replace != nil && m.Replace.Version != "" {
			path, at = m.Replace.Path, m.Replace.Version
		} else if m.Replace != nil {
			at = "v" + version // a folder of this repository
		}
		// A package URL has no plus sign, as in v29.0.0+incompatible.
		purls["pkg:golang/"+path+"@"+strings.ReplaceAll(at, "+", "%2B")] = true
	}
}

func newBill(file, version string, purls []string) bill {
	b := bill{
		Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:     metadata{component{Type: "application", Ref: file, Name: file, Version: version}},
		Dependencies: []dependency{{Ref: file, DependsOn: purls}},
	}
	for _, purl := range purls {
		name, at, _ := strings.Cut(purl, "@")
		_, name, _ = strings.Cut(name, "/")
		at = strings.ReplaceAll(at, "%2B", "+")
		b.Components = append(b.Components, component{Type: "library", Ref: purl, Name: name, Version: at, PURL: purl})
		b.Dependencies = append(b.Dependencies, dependency{Ref: purl})
	}
	return b
}
