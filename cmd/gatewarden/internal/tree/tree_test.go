package tree

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func parseOne(t testing.TB, text string) Node {
	t.Helper()
	documents, err := Parse([]byte(text))
	if err != nil || len(documents) != 1 {
		t.Fatalf("%q: %d documents, %v", text, len(documents), err)
	}
	return documents[0]
}

// TestLines: the same value has the line it stands on, in JSON and in YAML.
func TestLines(t *testing.T) {
	for _, text := range []string{
		"{\n\t\"first_key\": [\n\t\t{},\n\t\t{\"b\": \"\\/\\ud83d\\ude00\"}\n\t],\n\t\"c\": null\n}",
		"firstKey:\n\n  - {}\n  - b: /😀\nc: null\n",
	} {
		n := parseOne(t, text)
		b := n.At("first_key").Item(1).At("b")
		if n.At("firstKey").Exists() != strings.HasPrefix(text, "first") {
			t.Errorf("%q: only snake_case finds camelCase", text)
		}
		if b.Text() != "/😀" || b.Line() != 4 {
			t.Errorf("%q: b is %q on line %d", text, b.Text(), b.Line())
		}
		if c := n.At("c"); !c.Exists() || c.Text() != "" {
			t.Errorf("%q: null is there, and empty", text)
		}
	}
}

// TestAbsent: what is not there can be asked everything.
func TestAbsent(t *testing.T) {
	n := parseOne(t, "a: 1").At("b", "c").Item(3)
	if n.Exists() || n.Line() != 0 || n.Text() != "" || n.True() || n.IsObject() || n.IsList() ||
		len(n.Items())+len(n.Members()) != 0 || n.LineOfText(2) != 0 {
		t.Errorf("%+v", n)
	}
	if _, ok := n.Number(); ok {
		t.Error("it is a number")
	}
}

// TestInside: only a literal block keeps its lines.
func TestInside(t *testing.T) {
	for _, row := range []struct {
		text string
		line int
	}{
		{"x: 1\nfile: |\n  a: 1\n  b: 2\n", 4},
		{"x: 1\nfile: \"a: 1\\nb: 2\"\n", 2},
		{"x: 1\nfile: >\n  a: 1\n\n  b: 2\n", 2},
	} {
		inside, err := parseOne(t, row.text).At("file").Inside()
		if err != nil || len(inside) != 1 || inside[0].At("b").Line() != row.line {
			t.Errorf("%q: %v, %v", row.text, inside, err)
		}
	}
}

// TestJSON: YAML becomes what Kubernetes makes of it.
func TestJSON(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"{a: 1, b: [x, '1', 1.5, -2], c: {}}", `{"a":1,"b":["x","1",1.5,-2],"c":{}}`},
		{"{a: yes, b: 'yes', c: Off, d: ~, e: null, f: []}", `{"a":true,"b":"yes","c":false,"d":null,"e":null,"f":[]}`},
		{"{a: 5m, b: 0x10, c: 1e3, d: .5}", `{"a":"5m","b":"0x10","c":1e3,"d":".5"}`},
		{"{a: 1, a: 2}", `{"a":1,"a":2}`},
		{"a: &x {k: 1}\nb: *x", `{"a":{"k":1},"b":{"k":1}}`},
		{"a: |\n  x\n  \"y\"\n", `{"a":"x\n\"y\"\n"}`},
	} {
		got, err := parseOne(t, row.text).JSON()
		if err != nil || string(got) != row.want {
			t.Errorf("%q: got %s, %v", row.text, got, err)
		}
	}
	if got, err := parseOne(t, "&a [*a]").JSON(); err == nil {
		t.Errorf("without end: %s", got)
	}
}

// FuzzTree: whatever is read as YAML becomes valid JSON, and JSON stays what it is.
func FuzzTree(f *testing.F) {
	for _, text := range []string{"{a: 1, b: [x, '1', 1.5, -2]}", `{"a":[1,"x",null,true,{"b":{}}]}`, "a: &x {k: 1}\nb: *x", "- 0o7\n- 1_000\n- .inf\n- 2001-01-01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		documents, err := Parse([]byte(text))
		if err != nil {
			return
		}
		for _, n := range documents {
			out, err := n.JSON()
			if err == nil && !json.Valid(out) {
				t.Errorf("%q becomes %q", text, out)
			}
			var compact bytes.Buffer
			if json.Compact(&compact, []byte(text)) == nil && n.IsObject() && err == nil &&
				compact.String() != string(out) && !strings.ContainsAny(text, `\<>&`+"\u2028\u2029\ufffd") {
				t.Errorf("%q becomes %q", text, out)
			}
		}
	})
}
