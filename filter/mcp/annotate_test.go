package mcp

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// annotated passes an answer through a room that tells prices, in pieces of n bytes.
func annotated(t testing.TB, w *worker, contentType, body string, n int) string {
	t.Helper()
	s := &State{rule: w.Rule(0), lists: true}
	if filters, readable := s.ListHeaders(contentType, "", &caller.Identity{}, func([]string) bool { return true }); !filters || !readable {
		t.Fatal("not filtered")
	}
	var out []byte
	for rest := []byte(body); len(rest) > 0; rest = rest[min(n, len(rest)):] {
		out = s.ListBody(out, rest[:min(n, len(rest))])
	}
	return string(out)
}

func listOf(tools string) string { return `{"result":{"tools":[` + tools + `]}}` }

func TestPricesInLists(t *testing.T) {
	w := newWorker(t, `"annotate": true, "tiers": ["free", "p\"ro"], "tools": [
		{"name": "free"}, {"name": "plain", "cost": 7}, {"name": "late", "tier": "free", "cost": 2},
		{"name": "image", "cost": 5, "arguments": [
			{"argument": "quality", "times": {"standard": 1, "ultra": 8, "a\"b": 2}, "tiers": {"ultra": "free"}, "other": 9, "absent": 3},
			{"argument": ["options", "n"], "max_count": 10}]}], "other_tools": {"cost": 9}`)
	price := func(inner string) string { return `"` + priceKey + `":{"unit":"credits",` + inner + `}` }
	meta := func(inner string) string { return `"_meta":{` + price(inner) + `}` }
	const image = `"cost":5,"arguments":[{"argument":["quality"],"times":{"a\"b":2,"standard":1,"ultra":8},"tiers":{"ultra":"free"},"other":9,"other_tier":"free","absent":3},` +
		`{"argument":["options","n"],"max_count":10,"other":10,"absent":1}]`
	for _, row := range []struct{ name, tools, want string }{
		{"of a free tool", `{"name":"free"}`, `{"name":"free",` + meta(`"cost":0`) + `}`},
		{"of a priced one", `{"name":"plain" } , {"name":"plain"}`, `{"name":"plain" ,` + meta(`"cost":7`) + `} , {"name":"plain",` + meta(`"cost":7`) + `}`},
		{"by argument", `{"name":"image"}`, `{"name":"image",` + meta(image) + `}`},
		{"of one that is not listed", `{"name":"x"}`, `{"name":"x",` + meta(`"cost":9`) + `}`},
		{"of one with members of its own", `{"_meta":{"a":{"_meta":{}}},"name":"plain"}`, `{"_meta":{` + price(`"cost":7`) + `,"a":{"_meta":{}}},"name":"plain"}`},
		{"with nothing in _meta", `{"name":"plain","_meta" : { }, "x":1}`, `{"name":"plain","_meta" : {` + price(`"cost":7`) + ` }, "x":1}`},
		{"beside the server's", `{"name":"plain","_meta":{"a":"` + priceKey + `","` + priceKey + `":{"cost":1},"io.github.gatewarden\/pric\u0065":2}}`,
			`{"name":"plain","_meta":{` + price(`"cost":7`) + `,"a":"` + priceKey + `","` + priceKey + foreign + `":{"cost":1},"io.github.gatewarden\/pric\u0065` + foreign + `":2}}`},
		{"of one for a tier", `{"name":"late"},{"name":"plain"}`, `{"name":"plain",` + meta(`"cost":7`) + `}`},

		// Nobody knows of what, or where.
		{"without a name", `{"title":"plain"}`, `{"title":"plain"}`},
		{"with two names", `{"name":"plain","name":"image"}`, `{"name":"plain","name":"image"}`},
		{"with a name in other letters", `{"Name":"plain"}`, `{"Name":"plain"}`},
		{"with two names in other letters", `{"name":"plain","NAME":"image"}`, `{"name":"plain","NAME":"image"}`},
		{"with no word as name", `{"name":["plain"]}`, `{"name":["plain"]}`},
		{"with two _meta", `{"name":"plain","_meta":{},"_meta":{}}`, `{"name":"plain","_meta":{},"_meta":{}}`},
		{"with a _meta that is none", `{"name":"plain","_meta":[{}]},{"name":"plain","_meta":null}`, `{"name":"plain","_meta":[{}]},{"name":"plain","_meta":null}`},
	} {
		for _, n := range []int{1, 3, 1000} {
			if got := annotated(t, w, "application/json", listOf(row.tools), n); got != listOf(row.want) {
				t.Errorf("the price %s, in pieces of %d:\n%s\nwant\n%s", row.name, n, got, listOf(row.want))
			}
		}
		if event := "data: " + listOf(row.tools) + "\n\n"; annotated(t, w, "text/event-stream", event, 2) != "data: "+listOf(row.want)+"\n\n" {
			t.Errorf("the price %s, in an event: %s", row.name, annotated(t, w, "text/event-stream", event, 2))
		}
	}
	lines := "data: {\"result\":{\"tools\":[{\"_meta\":{\nid: 1\ndata: \"a\":1},\ndata: \"name\":\"plain\"\ndata: }]}}\n\n"
	want := "data: {\"result\":{\"tools\":[{\"_meta\":{" + price(`"cost":7`) + ",\nid: 1\ndata: \"a\":1},\ndata: \"name\":\"plain\"\ndata: }]}}\n\n"
	if got := annotated(t, w, "text/event-stream", lines, 5); got != want {
		t.Errorf("an event in lines: %q", got)
	}
}

// A list that tells prices alone is the same for every caller, and may pass without them.
func TestListsThatTellPricesAlone(t *testing.T) {
	w := newWorker(t, `"annotate": true, "tools": [{"name": "plain", "cost": 7}]`)
	const public = `{"result":{"cacheScope":"public","tools":[]}}`
	long := listOf(`{"name":"plain","description":"` + strings.Repeat("d", maxTool) + `"}, {"name":1}`)
	for _, same := range []string{
		public, long, strings.Replace(long, `":1}`, `":[2]}`+strings.Repeat(" ", maxTool+5), 1),
		listOf(`1 , "x", [{"name":"plain"}], null `), listOf(``), listOf(` `), listOf(`{}`),
	} {
		for _, n := range []int{3, len(same)} {
			if got := annotated(t, w, "application/json", same, n); got != same {
				t.Errorf("%.60s becomes %.300s", same, got)
			}
		}
	}
	const events = "data: " + `{"result":{"tools":[{"title":"t"},{"na` + "\n\ndata: x\n\n"
	if got := annotated(t, w, "text/event-stream", events, 3); got != events {
		t.Errorf("it becomes %q", got)
	}
	s := &State{rule: w.Rule(0), lists: true}
	if filters, readable := s.ListHeaders("application/json", "gzip", &caller.Identity{}, nil); filters || !readable {
		t.Errorf("compressed: filtered %v, readable %v", filters, readable)
	}
}

// randomTool is a tool with random prices, as configuration.
func randomTool(random *rand.Rand, name string) string {
	var arguments []string
	for i := range random.Intn(3) {
		a := fmt.Sprintf(`{"argument": ["a%d"]`, i)
		if random.Intn(2) == 0 {
			a = fmt.Sprintf(`{"argument": ["o", "b%d"]`, i)
		}
		if random.Intn(3) == 0 {
			a += fmt.Sprintf(`, "max_count": %d`, 2+random.Intn(4))
		} else {
			a += fmt.Sprintf(`, "times": {"x": %d, "y": %d, "3": %d}`, random.Intn(4), random.Intn(2000), random.Intn(4))
			if random.Intn(2) == 0 {
				a += `, "tiers": {"y": "pro", "z": "free"}`
			}
		}
		if random.Intn(2) == 0 {
			a += fmt.Sprintf(`, "other": %d, "absent": %d`, random.Intn(5), random.Intn(5))
		}
		arguments = append(arguments, a+"}")
	}
	t := fmt.Sprintf(`{"name": %q, "cost": %d`, name, 1+random.Intn(1_000_000))
	if len(arguments) > 0 {
		t += `, "arguments": [` + strings.Join(arguments, ", ") + `]`
	}
	if random.Intn(3) == 0 {
		t += `, "tier": "free"`
	}
	return t + "}"
}

// told is a price as a client reads it.
type told struct {
	Cost      uint64
	Tier      string
	Arguments []struct {
		Argument      []string
		Times         map[string]uint64
		Tiers         map[string]string
		MaxCount      float64 `json:"max_count"`
		Other, Absent uint64
		OtherTier     string `json:"other_tier"`
	}
}

// of is what a client makes of a price, for the arguments of a call.
func (p *told) of(arguments map[string]any) (cost uint64, tier string) {
	rank := map[string]int{"": 0, "free": 1, "pro": 2}
	cost, tier = p.Cost, p.Tier
	for _, a := range p.Arguments {
		var value any = arguments
		for _, part := range a.Argument {
			object, _ := value.(map[string]any)
			value = object[part]
		}
		times, needs := a.Other, a.OtherTier
		number, isNumber := value.(float64)
		listed, found := a.Times[fmt.Sprint(value)]
		switch {
		case value == nil:
			times, needs = a.Absent, ""
		case a.MaxCount > 0 && isNumber && number >= 1:
			times = uint64(min(number, a.MaxCount))
		case found:
			times, needs = listed, a.Tiers[fmt.Sprint(value)]
		}
		cost = min(cost*times, maxPrice)
		if rank[needs] > rank[tier] {
			tier = needs
		}
	}
	return cost, tier
}

// What a list says a call costs is what the filter charges, whatever the table; and without
// what it says, the list is the server's to the byte.
func TestPricesInListsAreCharged(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	values := []any{nil, "x", "y", "z", "w", 3.0, 7.0, true, []any{"y"}}
	for range 300 {
		w := newWorker(t, `"annotate": true, "tiers": ["free", "pro"], "tools": [`+randomTool(random, "t")+`]`)
		s := &State{rule: w.Rule(0), lists: true}
		s.ListHeaders("application/json", "", &caller.Identity{Verified: true, Tier: "pro"}, func([]string) bool { return true })
		list := listOf(`{"name":"t","description":"d"}`)
		got := string(s.ListBody(nil, []byte(list)))
		var read struct {
			Result struct {
				Tools []struct {
					Meta map[string]json.RawMessage `json:"_meta"`
				}
			}
		}
		var price told
		if err := json.Unmarshal([]byte(got), &read); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		raw := read.Result.Tools[0].Meta[priceKey]
		if err := json.Unmarshal(raw, &price); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if bare := strings.Replace(got, `,"_meta":{"`+priceKey+`":`+string(raw)+`}`, "", 1); bare != list {
			t.Fatalf("without the price it is %s", bare)
		}
		for range 20 {
			arguments := map[string]any{}
			inner := map[string]any{}
			for i := range 3 {
				arguments[fmt.Sprintf("a%d", i)] = values[random.Intn(len(values))]
				inner[fmt.Sprintf("b%d", i)] = values[random.Intn(len(values))]
			}
			arguments["o"] = inner
			text, err := json.Marshal(arguments)
			if err != nil {
				t.Fatal(err)
			}
			cost, tier := price.of(arguments)
			if charged := w.read(call("1", "t", string(text))).View(); charged != (View{uint32(cost), tier}) {
				t.Fatalf("%s\nwith %s costs %+v, and the list says %d %q", raw, text, charged, cost, tier)
			}
		}
	}
}

// FuzzPricesInLists: with prices, what is valid JSON stays valid, however it is cut into
// pieces; and without them, it is the same.
func FuzzPricesInLists(f *testing.F) {
	for _, seed := range []string{
		listOf(`{"name":"plain"},{"_meta":{},"name":"x"}`), listOf(`{"_meta":{"` + priceKey + `":1,"a":[{}]},"name":"plain"}`),
		`[` + listOf(`{"name":"a","name":"b"}`) + `]`, listOf(`{"name":"plain","_meta":{"x":{"_meta":{}}}},1,[{}]`), listOf(`{ "_meta":{"a":1 } , "name":"\u0070lain" }`),
		listOf(`{"name":"plain","_meta":{"io.github.gatewarden/price":"\""}}`), listOf(`{"name":1}`) + listOf(`{}`),
	} {
		f.Add(seed, 3)
	}
	w := newWorker(f, `"annotate": true, "tools": [{"name": "plain", "cost": 7}]`)
	const price = `"` + priceKey + `":{"unit":"credits","cost":`
	strip := strings.NewReplacer(`,"_meta":{`+price+`7}}`, "", `,"_meta":{`+price+`0}}`, "", price+`7},`, "", price+`0},`, "", price+`7}`, "", price+`0}`, "", foreign+`"`, `"`)
	f.Fuzz(func(t *testing.T, body string, n int) {
		got := annotated(t, w, "application/json", body, max(n&31, 1))
		if whole := annotated(t, w, "application/json", body, len(body)+1); got != whole {
			t.Fatalf("%q in pieces of %d: %q, as a whole %q", body, n, got, whole)
		}
		if !json.Valid([]byte(body)) || deeper(body, 60) {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("%q becomes %q", body, got)
		}
		if bare := strip.Replace(got); !strings.Contains(body, foreign) && !strings.Contains(body, priceKey) && bare != strip.Replace(body) {
			t.Fatalf("%q becomes %q, which is %q without prices", body, got, bare)
		}
	})
}
