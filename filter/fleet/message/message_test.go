package message

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// text writes a message for the tests: hexadecimal digits, and in quotes text.
func text(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			b = append(b, part...)
			continue
		}
		octets, err := hex.DecodeString(strings.ReplaceAll(part, " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		b = append(b, octets...)
	}
	return b
}

func TestAppendRequest(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, row := range []struct {
		name        string
		domain      string
		descriptors []Descriptor
		want        string
	}{
		{"no descriptor", "gatewarden", nil, "0a 0a 'gatewarden'"},
		{"one hit", "d", []Descriptor{{Rule: "r", Key: "k", Hits: 1}},
			"0a 01 'd' 12 19 0a09 0a04'rule' 1201'r' 0a08 0a03'key' 1201'k' 1a02 0801"},
		{"a look has its 0", "d", []Descriptor{{Rule: "r", Key: "k"}},
			"0a 01 'd' 12 19 0a09 0a04'rule' 1201'r' 0a08 0a03'key' 1201'k' 1a02 0800"},
		{"two", "", []Descriptor{{Hits: 128}, {Hits: 1<<64 - 1}},
			"0a 00 12 18 0a08 0a04'rule' 1200 0a07 0a03'key' 1200 1a03 088001" +
				"12 20 0a08 0a04'rule' 1200 0a07 0a03'key' 1200 1a0b 08ffffffffffffffffff01"},
		{"long", "", []Descriptor{{Rule: long}},
			"0a 00 12 c502 0ab502 0a04'rule' 12ac02'" + long + "' 0a07 0a03'key' 1200 1a02 0800"},
	} {
		before := []byte("before")
		got := AppendRequest(before, row.domain, row.descriptors)
		if want := append(before, text(t, row.want)...); string(got) != string(want) {
			t.Errorf("%s:\n%x is written\n%x was expected", row.name, got, want)
		}
	}
}

func TestReadResponse(t *testing.T) {
	const tenYears = "80e497d012" // 5,000,000,000 seconds and more
	for _, row := range []struct {
		name     string
		response string
		overall  Code
		statuses []Status
	}{
		{"empty", "", Unknown, nil},
		{"overall", "0802", OverLimit, nil},
		{"a limit", "0801 1210 0801 1206 0814 1002 1a00 1813 2202 0835", OK, []Status{{OK, 20, Minute, true, 19, 53_000}}},
		{"no limit", "0801 1202 0801", OK, []Status{{Code: OK}}},
		{"an empty status", "1200", Unknown, []Status{{}}},
		{"an empty limit", "1202 1200", Unknown, []Status{{HasLimit: true}}},
		{"statuses in their order", "1202 0801 1202 0802 1200", Unknown, []Status{{Code: OK}, {Code: OverLimit}, {}}},
		{"the last overall code", "0801 1200 0802", OverLimit, []Status{{}}},
		{"the last number", "1208 0801 0802 1801 1802", Unknown, []Status{{Code: OverLimit, Left: 2}}},
		{"limits are joined", "1208 1202 0814 1202 1002", Unknown, []Status{{Limit: 20, Unit: Minute, HasLimit: true}}},
		{"durations are joined", "120a 2202 0802 2204 10c0843d", Unknown, []Status{{Reset: 2001}}},
		{"numbers are cut", "08feffffffffffffffff01 120b 18ffffffffffffffffff01", -2, []Status{{Left: 1<<32 - 1}}},
		{"more than 32 bits", "8880808000 02 1206 188180808010", OverLimit, []Status{{Left: 1}}},
		{"a number with needless bytes", "0882808000", OverLimit, nil},
		{"unknown fields", "2003 290102030405060708 3201ff 3d01020304 12 03 3a01ff", Unknown, []Status{{}}},
		{"a known field with another wire type is unknown", "0a0102 0d01020304 1001 1202 1001 1202 0a00", Unknown, []Status{{}, {}}},
		{"unknown fields of limit and duration", "1210 1206 1a02ffff 2001 2206 1a02ffff 2001", Unknown, []Status{{HasLimit: true}}},
		{"the highest field", "f8ffffff0f 01 0801", OK, nil},
		{"nanoseconds are rounded up", "1204 2202 1001 1206 2204 10c0843d 1206 2204 10c1843d", Unknown, []Status{{Reset: 1}, {Reset: 1}, {Reset: 2}}},
		{"negative durations", "120d 220b 08ffffffffffffffffff01 120d 220b 10ffffffffffffffffff01", Unknown, []Status{{}, {}}},
		{"too many nanoseconds", "1208 2206 10ffffffff07", Unknown, []Status{{Reset: 1000}}},
		{"many seconds", "1208 2206 08" + tenYears, Unknown, []Status{{Reset: 5_000_000_000_000}}},
		{"too many seconds", "120c 220a 08ffffffffffffffff7f", Unknown, []Status{{Reset: 315_576_000_000_000}}},
	} {
		overall, statuses, ok := ReadResponse(text(t, row.response), nil)
		if !ok || overall != row.overall || !slices.Equal(statuses, row.statuses) {
			t.Errorf("%s: %v %+v %v is read", row.name, overall, statuses, ok)
		}
	}
}

func TestReadResponseRefuses(t *testing.T) {
	for name, response := range map[string]string{
		"a tag alone":                   "08",
		"a number without an end":       "08 8080",
		"a number of 11 bytes":          "08 8080808080808080808001",
		"a number of 65 bits":           "08 80808080808080808002",
		"a tag without an end":          "88",
		"field 0":                       "0001",
		"a field that is too high":      "8080808010 01",
		"a tag of 65 bits":              "80808080808080808002 01",
		"a length beyond the end":       "1201",
		"a length without an end":       "12 ff",
		"the highest length":            "12 ffffffffffffffffff01",
		"four bytes, of which 3 came":   "3d010203",
		"eight bytes, of which 7 came":  "2901020304050607",
		"a group":                       "23 24",
		"the end of a group":            "24",
		"wire type 6":                   "26",
		"wire type 7":                   "27",
		"a status that is cut":          "1201 08",
		"a limit that is cut":           "1203 1201 08",
		"a duration that is cut":        "1203 2201 08",
		"more in a limit than there is": "1202 1201",
		"garbage after a status":        "1200 ff",
	} {
		into := make([]Status, 3)
		if overall, statuses, ok := ReadResponse(text(t, response), into); ok || overall != Unknown || len(statuses) != 0 {
			t.Errorf("%s: %v %+v %v is read", name, overall, statuses, ok)
		}
	}
}

func TestReadResponseIsBounded(t *testing.T) {
	for count, want := range map[int]bool{1024: true, 1025: false} {
		if _, statuses, ok := ReadResponse(text(t, strings.Repeat("1200", count)), nil); ok != want || want && len(statuses) != count {
			t.Errorf("a response with %d statuses: %d %v", count, len(statuses), ok)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	descriptors := []Descriptor{{"lockout/rest", strings.Repeat("0", 32), 1}, {"wide/rest", strings.Repeat("1", 32), 0}}
	response := text(t, "0802 1210 0801 1206 0814 1002 1a00 1813 2202 0835 1202 0802")
	b, statuses := make([]byte, 0, 512), make([]Status, 0, 2)
	if n := testing.AllocsPerRun(10, func() {
		b = AppendRequest(b[:0], "gatewarden", descriptors)
		_, statuses, _ = ReadResponse(response, statuses)
	}); n != 0 || len(statuses) != 2 {
		t.Errorf("%v allocations, %d statuses", n, len(statuses))
	}
}

func TestUnits(t *testing.T) {
	for unit, want := range map[Unit]int64{0: 0, Second: 1e3, Minute: 6e4, Hour: 36e5, Day: 864e5, 5: 0, 6: 0, Week: 6048e5, 8: 0, -1: 0} {
		if got := unit.Length(); got != want {
			t.Errorf("unit %d has %d ms", unit, got)
		}
	}
}
