// Package pretty takes the place of github.com/tidwall/pretty where the filter is built
// for Wasm: wasm.mod replaces it. It has what gjson names of that package, so that gjson
// compiles, and does nothing.
//
// gjson lists its modifiers when the program starts. So standard Go's linker keeps them
// and all that they call: the real package brings encoding/json, reflect and fmt, an
// eighth of the module. The filter uses no path of gjson, and so no modifier:
// TestFilterUsesNoPathsOfGJSON.
package pretty

// Options has the fields that gjson sets.
type Options struct {
	Width    int
	Prefix   string
	Indent   string
	SortKeys bool
}

// DefaultOptions are the options of Pretty.
var DefaultOptions = &Options{}

// Pretty returns the JSON as it is.
func Pretty(json []byte) []byte { return json }

// PrettyOptions returns the JSON as it is.
func PrettyOptions(json []byte, _ *Options) []byte { return json }

// Ugly returns the JSON as it is.
func Ugly(json []byte) []byte { return json }
