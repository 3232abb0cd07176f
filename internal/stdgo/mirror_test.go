package stdgo_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

const sdk = "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/internal"

// The compiler cannot see that this package and the SDK agree: linkname and the
// interface behind it are matched by hand. So the sources are compared.

func TestMirrorHasTheMethodsOfTheSDKsHost(t *testing.T) {
	want := methods(t, filepath.Join(sdkDir(t), "abi_hostcalls_mock.go"), "ProxyWasmHost")
	got := methods(t, "mirror.go", "hostInterface")
	compare(t, "hostInterface", want, got)

	kept := map[string]string{}
	ast.Inspect(parse(t, "mirror.go"), func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && isIdent(s.X, "hostInterface") {
			kept[s.Sel.Name] = want[s.Sel.Name]
		}
		return true
	})
	compare(t, "keep", want, kept)
}

func TestHostHasTheMethodsOfTheMirror(t *testing.T) {
	got := map[string]string{}
	for _, d := range parse(t, "hostcalls.go").Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && isIdent(f.Recv.List[0].Type, "host") {
			got[f.Name.Name] = signature(f.Type)
		}
	}
	compare(t, "host", methods(t, "mirror.go", "hostInterface"), got)
}

func TestCallbacksHaveTheSignaturesOfTheSDKs(t *testing.T) {
	sdkFuncs := map[string]string{}
	for _, file := range []string{"abi_callback_test_export.go", "abi_hostcalls_mock.go"} {
		for name, f := range functions(parse(t, filepath.Join(sdkDir(t), file))) {
			sdkFuncs[name] = signature(f.Type)
		}
	}
	linked := 0
	for _, f := range functions(parse(t, "callbacks.go")) {
		target, ok := linkname(f)
		if !ok {
			continue
		}
		linked++
		want := strings.ReplaceAll(sdkFuncs[target], "ProxyWasmHost", "hostInterface")
		if got := signature(f.Type); got != want {
			t.Errorf("%s is linked to %s: signature %s, the SDK's is %s", f.Name.Name, target, got, want)
		}
	}
	if linked < 10 {
		t.Errorf("only %d linked callbacks found: the test looks at the wrong source", linked)
	}
}

func compare(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatalf("%s: nothing to compare with", what)
	}
	for _, name := range sorted(want) {
		if got[name] != want[name] {
			t.Errorf("%s: %s is %q, the SDK has %q", what, name, got[name], want[name])
		}
	}
	for _, name := range sorted(got) {
		if want[name] == "" {
			t.Errorf("%s: %s is not in the SDK", what, name)
		}
	}
}

func sorted(m map[string]string) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func sdkDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", sdk).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", sdk, err)
	}
	return strings.TrimSpace(string(out))
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func methods(t *testing.T, file, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		for _, m := range spec.Type.(*ast.InterfaceType).Methods.List {
			out[m.Names[0].Name] = signature(m.Type.(*ast.FuncType))
		}
		return false
	})
	return out
}

func functions(f *ast.File) map[string]*ast.FuncDecl {
	out := map[string]*ast.FuncDecl{}
	for _, d := range f.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
			out[f.Name.Name] = f
		}
	}
	return out
}

func linkname(f *ast.FuncDecl) (target string, ok bool) {
	if f.Doc == nil {
		return "", false
	}
	for _, c := range f.Doc.List {
		if words := strings.Fields(c.Text); len(words) == 3 && words[0] == "//go:linkname" {
			return strings.TrimPrefix(words[2], sdk+"."), true
		}
	}
	return "", false
}

// signature writes a function type without its parameters' names, and with
// named integers as what they are.
func signature(f *ast.FuncType) string {
	return "(" + fields(f.Params) + ") (" + fields(f.Results) + ")"
}

func fields(list *ast.FieldList) string {
	var out []string
	if list != nil {
		for _, field := range list.List {
			for range max(len(field.Names), 1) {
				out = append(out, plain(types.ExprString(field.Type)))
			}
		}
	}
	return strings.Join(out, ", ")
}

func plain(name string) string {
	switch name {
	case "BufferType", "LogLevel", "MapType", "MetricType", "StreamType", "Status", "types.Action":
		return "uint32"
	case "types.OnVMStartStatus", "types.OnPluginStartStatus":
		return "bool"
	}
	return name
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
