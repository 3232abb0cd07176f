package size

import "strings"

// What is of no package.
const (
	// Callbacks are the exports. TinyGo's compiler puts into them what only they call.
	Callbacks = "callbacks"
	// Support is what a compiler adds: comparisons of types, calls of interfaces, the C
	// library.
	Support = "compiler's support"
)

// Own is the path before the packages of the filter, which are named without it.
const Own = "github.com/gatewarden/gatewarden"

// packageOf returns the package of a function by the name that a compiler gives it.
func packageOf(function string) string {
	// wasm-opt puts equal functions together.
	function = strings.TrimPrefix(function, "byn$mgfn-shared$")
	switch {
	case strings.HasPrefix(function, "proxy_on_"), function == "_start", function == "_initialize":
		return Callbacks
	case strings.HasPrefix(function, "interface:"), strings.HasPrefix(function, "type_"), strings.HasPrefix(function, "go_"):
		return Support
	}
	// A method of TinyGo's has its receiver first: (*path/package.Type).Method
	function = strings.TrimLeft(function, "(*")
	// Standard Go's linker writes underlines in place of all that is no letter.
	if rest, ok := strings.CutPrefix(function, "github.com_"); ok {
		path, _, _ := strings.Cut(rest, ".")
		return short("github.com/" + strings.ReplaceAll(path, "_", "/"))
	}
	// Behind a bracket or parenthesis are types of other packages.
	end := len(function)
	if i := strings.IndexAny(function, "[({"); i >= 0 {
		end = i
	}
	begin := strings.LastIndexByte(function[:end], '/') + 1
	dot := strings.IndexByte(function[begin:end], '.')
	if dot <= 0 {
		return Support
	}
	return short(strings.ReplaceAll(function[:begin+dot], "_", "/"))
}

// short leaves out what all packages of a repository begin with.
func short(path string) string {
	if path == Own {
		return "main"
	}
	if rest, ok := strings.CutPrefix(path, Own+"/"); ok {
		return rest
	}
	return strings.TrimPrefix(path, "github.com/")
}
