package size

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		// TinyGo
		"github.com/gatewarden/gatewarden/config.Parse":                                      "config",
		"(*github.com/gatewarden/gatewarden/filter/mcp.State).take":                          "filter/mcp",
		"(github.com/gatewarden/gatewarden/config.value).references":                         "config",
		"byn$mgfn-shared$(*github.com/gatewarden/gatewarden/internal/proxywasm.Host).Get":    "internal/proxywasm",
		"github.com/gatewarden/gatewarden/config.readObject[github.com/x/y/filter/mcp.Tool]": "config",
		"(*github.com/gatewarden/gatewarden/config.list[github.com/x/y.T]).add":              "config",
		"(*main.pluginContext).OnTick":                                                       "main",
		"(*github.com/tidwall/gjson.Result).ForEach":                                         "tidwall/gjson",
		"strings.Index":           "strings",
		"(*strings.Builder).grow": "strings",
		"net/netip.ParseAddr":     "net/netip",
		"slices.SortFunc[[]github.com/gatewarden/gatewarden/filter.x,int]": "slices",
		"runtime.alloc": "runtime",
		"interface:{Error:func:{}{basic:string}}.Error$invoke": Support,
		"memcpy":             Support,
		"proxy_on_configure": Callbacks,
		"_initialize":        Callbacks,
		"":                   Support,
		// standard Go
		"github.com_gatewarden_gatewarden_filter_mcp.__State_.take": "filter/mcp",
		"github.com_gatewarden_gatewarden_config.init":              "config",
		"main.__pluginContext_.OnTick":                              "main",
		"internal_runtime_maps.__Iter_.Next":                        "internal/runtime/maps",
		"type_..eq.github.com_gatewarden_gatewarden_config.Surface": Support,
		"_rt0_wasm_wasip1":                                          Support,
		"runtime.gcStart":                                           "runtime",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
}

// section writes a section whose content is shorter than 128 bytes.
func section(kind byte, content string) string {
	return string([]byte{kind, byte(len(content))}) + content
}

// module imports a function, a table, a memory and a global, and has three functions,
// of which the last has no name.
var module = header +
	section(importSection, "\x04\x01e\x01f\x00\x00"+"\x01e\x01t\x01\x70\x01\x00\x80\x01"+"\x01e\x01m\x02\x00\x01"+"\x01e\x01g\x03\x7f\x00") +
	section(3, "\x03\x00\x00\x00") +
	section(codeSection, "\x03"+"\x02\x00\x0b"+"\x04\x00\x01\x01\x0b"+"\x03\x00\x01\x0b") +
	section(dataSection, "\x01\x00\x41\x00\x0b\x02hi") +
	section(customSection, "\x04name"+"\x00\x02\x01m"+"\x01\x14\x03"+"\x00\x03e.f"+"\x01\x05a/b.c"+"\x02\x05a/b.d") +
	section(customSection, "\x09producers")

func TestRead(t *testing.T) {
	m, err := Read([]byte(module))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"a/b": 6, Support: 3}; !maps.Equal(m.Code, want) || m.Data != 8 || m.Total != len(module) {
		t.Errorf("it reads %+v, want %v, 8 bytes of data, %d in all", m, want, len(module))
	}
	if sum := m.Code["a/b"] + m.Code[Support] + m.Data + m.Other; sum != m.Total {
		t.Errorf("the parts make %d of %d", sum, m.Total)
	}
}

// A module that ends anywhere but between two sections is refused, and so is one that
// has no names.
func TestReadRefuses(t *testing.T) {
	names := 0
	for i := range len(module) {
		if _, err := Read([]byte(module[:i])); err == nil {
			names++
		}
	}
	if names != 1 { // before the last section
		t.Errorf("%d beginnings of the module are read without an error", names)
	}
	if _, err := Read([]byte(header + section(importSection, "\x01\x00\x00\x09"))); err == nil {
		t.Error("an unknown kind of import is read")
	}
	if _, err := Read([]byte(header + "\x00\xff\xff\xff\xff\xff\x01")); err == nil {
		t.Error("an endless number is read")
	}
}

// What standard Go builds has its packages, and adds up.
func TestReadOfStandardGo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "empty.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./empty")
	build.Dir = filepath.Join("..", "..", "guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(wasm)
	if err != nil {
		t.Fatal(err)
	}
	if m.Code["runtime"] < m.Total/4 || m.Data < m.Total/4 {
		t.Errorf("%+v", m)
	}
}
