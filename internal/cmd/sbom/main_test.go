package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const listed = `
{"Module": {"Path": "example.com/b", "Version": "v2.0.0+incompatible"}}
{"Standard": true}
{"Module": {"Path": "example.com/main", "Main": true}}
{"Module": {"Path": "example.com/b", "Version": "v2.0.0+incompatible"}}
{"Module": {"Path": "example.com/here", "Version": "v0.0.0", "Replace": {"Path": "../.."}}}
{"Module": {"Path": "example.com/part", "Version": "v1.2.0", "Replace": {"Path": "./internal/part"}}}
{"Module": {"Path": "example.com/old", "Version": "v1.0.0", "Replace": {"Path": "example.com/fork", "Version": "v1.0.1"}}}
`

func TestBill(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"x.wasm", "1.2.3", "pkg:golang/std@1.26.8"}, strings.NewReader(listed), &out); err != nil {
		t.Fatal(err)
	}
	var got bill
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if c := got.Metadata.Component; c.Name != "x.wasm" || c.Version != "1.2.3" {
		t.Errorf("the bill is for %+v", c)
	}
	var components []string
	for _, c := range got.Components {
		if c.Ref != c.PURL || c.PURL != "pkg:golang/"+c.Name+"@"+strings.ReplaceAll(c.Version, "+", "%2B") {
			t.Errorf("a component contradicts itself: %+v", c)
		}
		components = append(components, c.Name+" "+c.Version)
	}
	want := "example.com/b v2.0.0+incompatible, example.com/fork v1.0.1, example.com/here v1.2.3, std 1.26.8"
	if text := strings.Join(components, ", "); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if n := len(got.Dependencies[0].DependsOn); n != 4 {
		t.Errorf("%d dependencies", n)
	}
}

func TestBillOfNothing(t *testing.T) {
	for want, args := range map[string][]string{"usage": {"x.wasm"}, "go list": {"x.wasm", "1.2.3"}} {
		if err := run(args, strings.NewReader("{"), &strings.Builder{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
