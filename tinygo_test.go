package main

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/gatewarden/gatewarden"
	gjson    = "github.com/tidwall/gjson"
	sdkTypes = "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

// thirdParty says which folders may use packages of others. Of the SDK it is the package
// with the contexts, which is plain Go. Its packages that reach a host are not for Wasm.
var thirdParty = map[string][]string{
	gjson: {
		"config", "operations", "filter/budget", "filter/oauth", "filter/identity/introspect", "filter/jsonrpc", "filter/mcp", "filter/mcp/message", "internal/jsonguard", "internal/text",
	},
	sdkTypes: {".", "internal/proxywasm"},
}

// tinyGoTags are the build tags that TinyGo, or scripts/tinygo-build, sets in addition.
var tinyGoTags = []string{"tinygo", "custommalloc", "gc.none"}

// emulator is the one folder of the layers that is not in the filter.
const emulator = "internal/sdkhost"

// filterSide returns the folders whose code is compiled into the filter.
func filterSide(t *testing.T) []string {
	layerOf, _ := layers(t)
	delete(layerOf, emulator)
	return slices.Sorted(maps.Keys(layerOf))
}

// standardLibrary is what the filter may use of it. Everything compiled in is paid for
// in each worker's memory, and TinyGo can compile less than there is. plugin_native.go
// is not in the filter.
var standardLibrary = map[string]bool{
	"bytes": true, "crypto/sha256": true,
	// The page of the operations endpoint is a file of its own: as a string it takes
	// what it is long, and no file system.
	"embed": true,

	"encoding/base64": true, "encoding/binary": true, "errors": true,
	"math": true, "math/bits": true, "net/netip": true, "slices": true, "sort": true,
	"strconv": true, "strings": true, "unicode/utf8": true, "unsafe": true,
}

func TestFilterImports(t *testing.T) {
	each(t, func(t *testing.T, dir, name string, f *ast.File) {
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if standardLibrary[path] || slices.Contains(thirdParty[path], dir) || strings.HasPrefix(path, module+"/") {
				continue // TestLayers looks at our own
			}
			t.Errorf("%s imports %s: not among what the filter may use (standardLibrary, thirdParty)", name, path)
		}
	})
}

// What is compiled in is the packages of the layers, gjson, and the SDK's contexts: not
// its host calls, not its emulator, not wazero, nor what gjson would have for its modifiers.
func TestNothingElseIsCompiledIn(t *testing.T) {
	var compiled []string
	for _, tags := range []string{"", strings.Join(tinyGoTags, ",")} {
		cmd := exec.Command("go", "list", "-modfile=wasm.mod", "-tags="+tags, "-deps", ".")
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		compiled = append(compiled, strings.Fields(string(out))...)
	}
	seen, folders := map[string]bool{}, filterSide(t)
	for _, path := range compiled {
		seen[path] = true
		if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
			continue // of the standard library
		}
		folder := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
		if path == module {
			folder = "."
		}
		if !slices.Contains(folders, folder) && path != sdkTypes && !strings.HasPrefix(path, "github.com/tidwall/") {
			t.Errorf("%s is compiled into the filter", path)
		}
	}
	for _, folder := range folders {
		if path := strings.TrimSuffix(module+"/"+folder, "/."); !seen[path] {
			t.Errorf("%s has a layer, and is not compiled into the filter", path)
		}
	}
	// See package pretty.
	for _, path := range []string{"encoding/json", "fmt"} {
		if seen[path] {
			t.Errorf("%s is compiled into the filter", path)
		}
	}
}

// What TinyGo 0.33 cannot do on Wasm: recover catches nothing, there are no
// goroutines, and maps.Clone is missing.
func TestFilterStaysWithinTinyGo(t *testing.T) {
	each(t, func(t *testing.T, _, name string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s has a go statement", name)
			case *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
				t.Errorf("%s uses channels", name)
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "recover" || id.Name == "panic" && name != "internal/proxywasm/trap_on.go") {
					t.Errorf("%s calls %s", name, id.Name)
				}
			}
			return true
		})
	})
}

// gjson's paths bring its whole query language into the filter, 300 kB of it. The filter
// walks through objects and lists.
func TestFilterUsesNoPathsOfGJSON(t *testing.T) {
	each(t, func(t *testing.T, dir, name string, f *ast.File) {
		if !slices.Contains(thirdParty[gjson], dir) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			// A path is a constant; other packages have a Get, too.
			_, constant := call.Args[0].(*ast.BasicLit)
			if s, ok := call.Fun.(*ast.SelectorExpr); ok && constant && (s.Sel.Name == "Get" || s.Sel.Name == "GetBytes" || s.Sel.Name == "GetMany") {
				t.Errorf("%s calls %s", name, s.Sel.Name)
			}
			return true
		})
	})
}

// Each compiler has a directive of its own for what is exported to the proxy. A
// callback that one of them lacks would not be called, and nothing would say so.
func TestBothCompilersExportTheSame(t *testing.T) {
	exports := func(file, directive string) []string {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var functions []string
		for _, m := range regexp.MustCompile(`(?m)^`+directive+` (proxy_\w+\nfunc .*?) ?\{.*$`).FindAllStringSubmatch(string(source), -1) {
			functions = append(functions, m[1])
		}
		slices.Sort(functions)
		return functions
	}
	standard, tiny := exports("internal/proxywasm/exports_stdgo.go", "//go:wasmexport"), exports("internal/proxywasm/exports_tinygo.go", "//export")
	// TinyGo has malloc in place of it.
	standard = slices.DeleteFunc(standard, func(f string) bool { return strings.HasPrefix(f, "proxy_on_memory_allocate\n") })
	if len(tiny) < 10 || !slices.Equal(standard, tiny) {
		t.Errorf("standard Go exports\n%s\n\nTinyGo exports\n%s", strings.Join(standard, "\n"), strings.Join(tiny, "\n"))
	}
}

// The language is checked by compiling with wasm.mod, which also shows that it lists
// all that is compiled in, and the library by the lists of what later releases added.
// Only exports_stdgo.go, which TinyGo does not compile, is of a later Go.
func TestFilterStaysWithinGo123(t *testing.T) {
	cmd := exec.Command("go", "build", "-modfile=wasm.mod", "-o", os.DevNull, ".")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go build -modfile=wasm.mod: %v\n%s", err, out)
	}
	newer := addedSince124(t)
	each(t, func(t *testing.T, _, name string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := s.X.(*ast.Ident); ok && newer[pkg.Name+"."+s.Sel.Name] {
					t.Errorf("%s uses %s.%s, which Go 1.23 does not have", name, pkg.Name, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// wasm.mod wants of each module what go.mod wants, and wasm.sum knows the same sums.
func TestWasmIsBuiltOfTheSameVersions(t *testing.T) {
	require := func(file string) map[string]string {
		versions := map[string]string{}
		for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+([\w./-]+\.[\w./-]+) (v\S+)`).FindAllStringSubmatch(read(t, file), -1) {
			versions[m[1]] = m[2]
		}
		return versions
	}
	wasm, all := require("wasm.mod"), require("go.mod")
	for path, version := range wasm {
		if all[path] != version {
			t.Errorf("wasm.mod has %s %s, go.mod %s", path, version, all[path])
		}
	}
	if len(wasm) < 2 {
		t.Errorf("only %d modules found in wasm.mod: the test looks for the wrong thing", len(wasm))
	}
	if line := "\ngo 1.23\n"; !strings.Contains(read(t, "wasm.mod"), line) {
		t.Error("wasm.mod is not for Go 1.23, which TinyGo 0.33 comes with")
	}
	sums := read(t, "go.sum")
	for _, line := range strings.Split(strings.TrimSpace(read(t, "wasm.sum")), "\n") {
		if !strings.Contains(sums, line+"\n") {
			t.Errorf("go.sum does not have %q of wasm.sum", line)
		}
	}
}

// README names the versions that scripts/tinygo-build knows to work.
func TestREADMENamesTheTinyGoThatWorks(t *testing.T) {
	m := regexp.MustCompile(`(?m)^([\d. |]+)\) ;;$`).FindStringSubmatch(read(t, "scripts/tinygo-build"))
	if m == nil {
		t.Fatal("scripts/tinygo-build knows no version: the test looks for the wrong thing")
	}
	versions := strings.Split(m[1], " | ")
	last := len(versions) - 1
	want := "TinyGo " + strings.Join(versions[:last], ", ") + " and " + versions[last] + " are known to work"
	if !strings.Contains(read(t, "README.md"), want) {
		t.Errorf("README.md does not say %q", want)
	}
}

// addedSince124 reads the names that Go 1.24 and later added to the standard
// library's packages.
func addedSince124(t *testing.T) map[string]bool {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	line := regexp.MustCompile(`(?m)^pkg ([\w/]+), (?:func|type|var|const) (\w+)`)
	for minor := 24; ; minor++ {
		data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "api", "go1."+strconv.Itoa(minor)+".txt"))
		if err != nil {
			break
		}
		for _, m := range line.FindAllStringSubmatch(string(data), -1) {
			names[filepath.Base(m[1])+"."+m[2]] = true
		}
	}
	if !names["strings.Lines"] {
		t.Fatalf("no API lists in the GOROOT of %s: the check would see nothing", runtime.Version())
	}
	return names
}

// each runs check on every file that is compiled into the filter.
func each(t *testing.T, check func(t *testing.T, dir, name string, f *ast.File)) {
	t.Helper()
	seen := 0
	for _, dir := range filterSide(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") || !builtIn(f) {
				continue
			}
			seen++
			check(t, dir, name, f)
		}
	}
	if seen < 20 {
		t.Errorf("only %d files seen: the check looks in the wrong place", seen)
	}
}

// builtIn tells whether a file's build constraint lets it into the filter under
// either compiler.
func builtIn(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				return true
			}
			eval := func(tinygo bool) bool {
				return expr.Eval(func(tag string) bool {
					return tag == "wasip1" || tag == "wasm" || tag == "gatewarden_trap" || strings.HasPrefix(tag, "go1.") ||
						slices.Contains(tinyGoTags, tag) && tinygo
				})
			}
			return eval(false) || eval(true)
		}
	}
	return true
}
