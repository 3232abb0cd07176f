package mcp

import (
	"fmt"
	"math/big"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/refusal"
)

const priced = `"tiers": ["free", "pro", "ultra"], "tools": [
	{"name": "search"},
	{"name": "plain", "cost": 7},
	{"name": "image", "cost": 5, "arguments": [
		{"argument": "quality", "times": {"standard": 1, "premium": 3, "ultra": 8, "draft": 0, "true": 2, "4": 6}, "tiers": {"ultra": "pro"}, "absent": 3},
		{"argument": "count", "max_count": 10}]},
	{"name": "video", "cost": 100, "tier": "pro", "arguments": [
		{"argument": ["options", "size"], "times": {"small": 1, "large": 4}, "tiers": {"large": "ultra"}, "other": 2},
		{"argument": ["options", "n"], "max_count": 5, "other": 0, "absent": 2}]},
	{"name": "dear", "cost": 1000000, "arguments": [{"argument": "a", "max_count": 1000000}, {"argument": "b", "max_count": 1000000}, {"argument": "c", "times": {"none": 0}}]}
], "other_tools": {"cost": 9, "arguments": [{"argument": "n", "max_count": 3}]}`

func TestPrice(t *testing.T) {
	w := newWorker(t, priced)
	for _, row := range []struct {
		tool, arguments string
		cost            uint32
		tier            string
	}{
		{"search", `{}`, 0, ""},
		{"plain", `{"quality":"ultra","count":10}`, 7, ""},

		// The values of an argument.
		{"image", `{}`, 15, ""},
		{"image", `{"quality":null}`, 15, ""},
		{"image", `{"quality":"standard"}`, 5, ""},
		{"image", `{"quality":"prem\u0069um"}`, 15, ""},
		{"image", `{"quality":"ultra"}`, 40, "pro"},
		{"image", `{"quality":"draft"}`, 0, ""},
		{"image", `{"quality":true}`, 10, ""},
		{"image", `{"quality":"true"}`, 10, ""},
		{"image", `{"quality":4}`, 30, ""},

		// What is not listed counts for the most.
		{"image", `{"quality":"Standard"}`, 40, "pro"},
		{"image", `{"quality":" standard"}`, 40, "pro"},
		{"image", `{"quality":""}`, 40, "pro"},
		{"image", `{"quality":4.0}`, 40, "pro"},
		{"image", `{"quality":false}`, 40, "pro"},
		{"image", `{"quality":["standard"]}`, 40, "pro"},
		{"image", `{"quality":{}}`, 40, "pro"},
		{"image", `"{\"quality\":\"standard\"}"`, 400, "pro"},

		// Counts.
		{"image", `{"quality":"standard","count":1}`, 5, ""},
		{"image", `{"quality":"standard","count":4}`, 20, ""},
		{"image", `{"quality":"standard","count":4.0}`, 20, ""},
		{"image", `{"quality":"standard","count":0.4e1}`, 20, ""},
		{"image", `{"quality":"standard","count":10}`, 50, ""},
		{"image", `{"quality":"standard","count":11}`, 50, ""},
		{"image", `{"quality":"standard","count":1e999}`, 50, ""},
		{"image", `{"quality":"standard","count":0}`, 50, ""},
		{"image", `{"quality":"standard","count":-1}`, 50, ""},
		{"image", `{"quality":"standard","count":1.5}`, 50, ""},
		{"image", `{"quality":"standard","count":"2"}`, 50, ""},
		{"image", `{"quality":"standard","count":true}`, 50, ""},
		{"image", `{"quality":"standard","count":[1]}`, 50, ""},
		{"image", `{"quality":"standard","count":null}`, 5, ""},
		{"image", `{"quality":"premium","count":4}`, 60, ""},

		// Within an object, with another factor for the rest.
		{"video", `{}`, 200, "pro"},
		{"video", `{"options":{"size":"small","n":1}}`, 100, "pro"},
		{"video", `{"options":{"size":"large","n":5}}`, 2000, "ultra"},
		{"video", `{"options":{"size":"huge","n":1}}`, 200, "ultra"},
		{"video", `{"options":{"size":"small","n":"x"}}`, 0, "pro"},
		{"video", `{"size":"large","n":5}`, 200, "pro"},
		{"video", `{"options":null}`, 200, "pro"},
		{"video", `{"options":"{\"size\":\"large\"}"}`, 0, "ultra"}, // an other of 0 makes it free
		{"video", `{"options":[]}`, 0, "ultra"},

		// The factors never overflow, and do not begin anew.
		{"dear", `{"a":1000000}`, maxPrice, ""},
		{"dear", `{"a":1000000,"c":"none"}`, 0, ""},
		{"dear", `{"a":1000000,"b":1000000,"c":1}`, maxPrice, ""},
		{"dear", `{"a":1000,"b":1,"c":1}`, maxPrice, ""},
		{"dear", `{"a":999,"b":1,"c":1}`, 999_000_000, ""},

		// Tools that are not listed.
		{"Image", `{}`, 9, ""},
		{"", `{"n":2}`, 18, ""},
		{"search ", `{"n":9}`, 27, ""},
	} {
		s := w.read(call("1", row.tool, row.arguments))
		if got := s.View(); (s.flaw != sound) || got != (View{row.cost, row.tier}) || s.Cost() != row.cost || s.NeedsTier() != (row.tier != "") {
			t.Errorf("%s %s: %+v, want %d %q", row.tool, row.arguments, got, row.cost, row.tier)
		}
		if paid := row.cost > 0; len(s.calls) > 1 || paid != (len(s.calls) == 1) || paid && !slices.Equal(bare(s.calls), []Call{{ID: "1", Tool: row.tool, Cost: row.cost}}) {
			t.Errorf("%s %s: the calls are %+v", row.tool, row.arguments, s.calls)
		}
	}
}

// TestArgumentsReadInTwoWays: an argument that matters is refused if parsers could find
// different ones.
func TestArgumentsReadInTwoWays(t *testing.T) {
	w := newWorker(t, priced)
	for arguments, malformed := range map[string]bool{
		`{"quality":"standard","quality":"ultra"}`:      true,
		`{"quality":"standard","QUALITY":"ultra"}`:      true,
		`{"Quality":"ultra"}`:                           true,
		`{"quality":"standard","qual\u0069ty":"ultra"}`: true,
		`{"count":1,"Count":10}`:                        true,
		`{"size":1,"Size":10}`:                          false, // nobody asks for it
		`{"o":{"quality":1,"quality":2}}`:               false,
	} {
		s := w.read(call("1", "image", arguments))
		if (s.flaw != sound) != malformed || malformed && s.flaw != flawArgument {
			t.Errorf("%s: flaw %d", arguments, s.flaw)
		}
		if w.read(call("1", "search", arguments)).flaw != sound {
			t.Errorf("%s of a tool without arguments is refused", arguments)
		}
	}
	s := w.read(call("1", "video", `{"options":{"size":"small"},"Options":{"size":"large"}}`))
	if s.flaw != flawArgument {
		t.Errorf("an object that is written twice: flaw %d", s.flaw)
	}
}

// TestNoValueIsCheaper: a value that is not listed never costs less, and never needs a
// lower tier, than any value that is.
func TestNoValueIsCheaper(t *testing.T) {
	w := newWorker(t, priced)
	random := rand.New(rand.NewSource(1))
	listed := []string{"standard", "premium", "ultra", "draft", "true", "4"}
	for range 20_000 {
		text := listed[random.Intn(len(listed))]
		at := random.Intn(len(text) + 1)
		value := text[:at] + []string{"", " ", "\\t", "A", "\\u0000", "ſ"}[random.Intn(6)] + text[at:]
		if random.Intn(2) == 0 && value[0] < 0x80 {
			value = strings.ToUpper(value[:1]) + value[1:]
		}
		if slices.Contains(listed, value) {
			continue
		}
		if got := w.read(call("1", "image", `{"quality":"`+value+`"}`)).View(); got != (View{40, "pro"}) {
			t.Fatalf("%q: %+v", value, got)
		}
	}
}

// TestPriceAgainstModel multiplies in numbers of any size.
func TestPriceAgainstModel(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for range 300 {
		cost := random.Int63n(1_000_001)
		var list []string
		arguments := map[string]int64{}
		want := big.NewInt(cost)
		for i := range 1 + random.Intn(8) {
			name, factor := "a"+strconv.Itoa(i), random.Int63n(1_000_001)
			if random.Intn(2) == 0 {
				factor = random.Int63n(4)
			}
			list = append(list, fmt.Sprintf(`{"argument": %q, "times": {"x": %d}}`, name, factor))
			arguments[name] = factor
			want.Mul(want, big.NewInt(factor))
		}
		if cost == 0 {
			continue
		}
		if limit := big.NewInt(maxPrice); want.Cmp(limit) > 0 && !slices.Contains(values(arguments), 0) {
			want = limit
		}
		w := newWorker(t, `"tools": [{"name": "t", "cost": `+strconv.FormatInt(cost, 10)+`, "arguments": [`+strings.Join(list, ",")+`]}]`)
		body := "{"
		for name := range arguments {
			body += `"` + name + `":"x",`
		}
		got := w.read(call("1", "t", strings.TrimSuffix(body, ",")+"}")).Cost()
		if want.Cmp(big.NewInt(int64(got))) != 0 {
			t.Fatalf("%d times %v: %d, want %d", cost, arguments, got, want)
		}
	}
}

func values(m map[string]int64) (list []int64) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

// bare are calls without those that want to know of them.
func bare(calls []Call) (list []Call) {
	for i := range calls {
		list = append(list, Call{ID: calls[i].ID, Tool: calls[i].Tool, Cost: calls[i].Cost})
	}
	return list
}

// TestBatch: a batch needs and costs what its messages do together.
func TestBatch(t *testing.T) {
	w := newWorker(t, `"tiers": ["free", "pro"], "risks": {"READ_ONLY": ["read"]}, "methods": [{"method": "resources/read", "scopes": ["files", "read"]}], "tools": [
		{"name": "a", "risk": "READ_ONLY", "cost": 2}, {"name": "b", "scopes": ["b"], "tier": "pro", "cost": 3}, {"name": "c", "scopes": [], "tier": "free"},
		{"name": "d", "scopes": [], "cost": 1000000, "arguments": [{"argument": "n", "max_count": 1000000}]}]`)
	read := `{"id":9,"method":"resources/read","params":{"uri":"file:///x"}}`
	for _, row := range []struct {
		body, scopes, tier string
		cost               uint32
		calls              []Call
	}{
		{`[` + call("1", "a", "{}") + `,` + call("2", "b", "{}") + `,` + read + `]`, "read b files", "pro", 5, []Call{{ID: "1", Tool: "a", Cost: 2}, {ID: "2", Tool: "b", Cost: 3}}},
		{`[` + call("1", "c", "{}") + `,{"method":"ping"},{"id":3,"result":{}}]`, "", "free", 0, nil},
		{`[` + call("1", "b", "{}") + `,` + call("2", "c", "{}") + `]`, "b", "pro", 3, []Call{{ID: "1", Tool: "b", Cost: 3}}},
		{`{"method":"tools/call","params":{"name":"a"}}`, "read", "", 2, []Call{{Tool: "a", Cost: 2}}},
		{`[` + call("1", "d", `{"n":1000000}`) + `,` + call("2", "d", `{"n":1000000}`) + `]`, "", "", maxPrice, []Call{{ID: "1", Tool: "d", Cost: maxPrice}, {ID: "2", Tool: "d", Cost: maxPrice}}},
		{read, "files read", "", 0, nil},
		{`{"id":1,"method":"resources/list"}`, "", "", 0, nil},
		{`{"id":1,"method":"Resources/Read","params":{"uri":"file:///x"}}`, "", "", 0, nil},
		{`{"id":1,"result":{"method":"tools/call","params":{"name":"b"}}}`, "", "", 0, nil},
		{call("1", "another", "{}"), "generate", "", 0, nil},
	} {
		s := w.read(row.body)
		if got := s.View(); (s.flaw != sound) || strings.Join(s.Scopes(), " ") != row.scopes || got != (View{row.cost, row.tier}) || !slices.Equal(bare(s.calls), row.calls) {
			t.Errorf("%s: %q %+v %+v", row.body, s.Scopes(), got, s.calls)
		}
	}
}

func TestTier(t *testing.T) {
	w := newWorker(t, `"tiers": ["free", "pr\"o", "ultra"], "tools": [{"name": "t", "scopes": [], "tier": "pr\"o"}, {"name": "f", "scopes": [], "tier": "free"}]`)
	for _, row := range []struct {
		tool    string
		id      *caller.Identity
		allowed bool
	}{
		{"t", of(`pr"o`), true}, {"t", of("ultra"), true}, {"t", of("free"), false}, {"t", of("guest"), false}, {"t", of(""), false},
		{"t", of("Ultra"), false}, {"t", &caller.Identity{Tier: "ultra"}, false},
		{"f", of("free"), true}, {"f", of("ultra"), true}, {"f", of(""), false}, {"f", of("guest"), false},
	} {
		s := w.read(call("1", row.tool, "{}"))
		why, refused := s.CheckTier(row.id)
		want := refusal.Refusal{}
		if !row.allowed {
			want = refusal.Refusal{Reason: refusal.TierDenied, Now: w.host.Time}
		}
		if refused == row.allowed || why != want {
			t.Errorf("%s for %+v: %+v %v", row.tool, row.id, why, refused)
		}
	}
	s := w.read(call("1", "t", "{}"))
	want := refusal.Words{
		Status: 403, GRPC: refusal.GRPCPermissionDenied, Code: jsonrpc.CodeForbidden, Problem: refusal.Blank("Forbidden"),
		Message: `This needs the tier pr\"o or a higher one.`, More: `,"tier":"pr\"o"`,
	}
	if got := s.Words(&refusal.Refusal{Reason: refusal.TierDenied}); *got != want || !s.NamesID() {
		t.Errorf("says %+v", got)
	}
}
