package envoyversion

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"1.36": "1.36", "v1.36.4": "1.36.4", "1.36.4-dev": "1.36.4", "1.36.0": "1.36.0", "2.0": "2.0",
		"": "", "1": "", "1.": "", "1.2.3.4": "", "1.x": "", "-1.2": "", "1.36.4+x": "", "1.70000": "", "envoy": "", "v": "",
	} {
		v, ok := Parse(text)
		if ok != (want != "") || ok && v.String() != want {
			t.Errorf("%q is %s, %v", text, v, ok)
		}
	}
}

func TestOrder(t *testing.T) {
	var last Version
	for i, text := range strings.Fields("0.9 1.9.1 1.35.0 1.35.12 1.35 1.36.0 1.36.4 1.40.0 1.40 2.0.0") {
		v, ok := Parse(text)
		if !ok || i > 0 && (!last.Before(v) || v.Before(last)) || v.Before(v) {
			t.Errorf("%s does not come after %s", text, last)
		}
		last = v
	}
}

// TestRead: the first rows are what Envoy 1.40.0 and 1.36.2 gave to a filter.
func TestRead(t *testing.T) {
	for message, want := range map[string]string{
		"\x08\x01\x10\x28":             "1.40.0",
		"\x08\x01\x10\x24\x18\x02":     "1.36.2",
		"\x18\x05\x10\xac\x02\x08\x01": "1.300.5",
		"":                             "", "\x08": "", "\x08\x81": "", "\x08\x00": "", "\x0a\x01x": "", "\x20\x01": "",
		"\x08\x01\x10\x28\x18": "", "\x08\xff\xff\xff\x01": "",
	} {
		v, ok := Read(message)
		if ok != (want != "") || ok && v.String() != want {
			t.Errorf("%q is %s, %v", message, v, ok)
		}
	}
}

// FuzzRead: no bytes from the host make Read panic, and it reads no version out of
// nothing.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "\x08\x01\x10\x28", "\x08\x01\x10\x24\x18\x02", "\x08\xff\xff\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		v, ok := Read(message)
		if ok == (v == Version{}) {
			t.Fatalf("%q is %s, %v", message, v, ok)
		}
	})
}

// FuzzParse: what Parse reads, it reads again from what String writes.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1.36", "v1.36.4", "1.36.4-dev", "65535.0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := Parse(text)
		if again, _ := Parse(v.String()); ok && again != v {
			t.Fatalf("%q is %s, and that is %s", text, v, again)
		}
	})
}

func TestTestedVersions(t *testing.T) {
	if !Oldest.Before(Newest) || slices.Contains([]uint32{Oldest.Patch, Newest.Patch}, AnyPatch) {
		t.Errorf("%s to %s", Oldest, Newest)
	}
}
