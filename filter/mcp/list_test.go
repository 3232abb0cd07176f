package mcp

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
)

// restricted is a room in which the tools named a and b are for everybody, all others need
// a scope.
func restricted(t testing.TB) *Room {
	t.Helper()
	r := &Room{config: &config.MCP{}, tools: map[string]*tool{}, hides: true}
	for _, name := range []string{"a", "b"} {
		r.tools[name] = &tool{Tool: &config.Tool{Name: name}}
	}
	r.other = &tool{Tool: &config.Tool{}, scopes: []string{"generate"}}
	return r
}

// filtered filters an answer in pieces of n bytes, for a caller without scopes.
func filtered(t testing.TB, contentType, body string, n int) string {
	t.Helper()
	s := &State{rule: &Rule{room: restricted(t)}, lists: true}
	if filters, readable := s.ListHeaders(contentType, "", &caller.Identity{}, func(scopes []string) bool { return len(scopes) == 0 }); !filters || !readable {
		t.Fatal("not filtered")
	}
	var out []byte
	for rest := []byte(body); len(rest) > 0; rest = rest[min(n, len(rest)):] {
		out = s.ListBody(out, rest[:min(n, len(rest))])
	}
	return string(out)
}

func TestLists(t *testing.T) {
	list := func(tools string) string {
		return `{"jsonrpc":"2.0","id":1,"result":{"nextCursor":"x","tools":[` + tools + `],"_meta":{"tools":[{"name":"z"}]}}}`
	}
	event := func(data string) string { return "id: 7\nevent: message\ndata: " + data + "\n\n" }
	const a, b, x = `{"name":"a","inputSchema":{"properties":{"name":"x","tools":[{"name":"x"}]}}}`, `{"title":"t","name":"\u0062"}`, `{"name":"x"}`
	for _, row := range []struct{ name, body, want string }{
		{"all", list(a + "," + b), list(a + "," + b)},
		{"none", list(x + "," + x), list("")},
		{"the first", list(x + ", " + a + "," + b), list(" " + a + "," + b)},
		{"one in the middle", list(a + " , " + x + ",\n" + b), list(a + ",\n" + b)},
		{"the last", list(a + "," + x + " "), list(a)},
		{"an empty list", list(""), list("")},
		{"without a name", list(`{},` + a), list(a)},
		{"two names", list(`{"name":"a","name":"x"},` + a), list(a)},
		{"two names, the other way", list(`{"name":"x","name":"a"},` + a), list(a)},
		{"other letters", list(`{"Name":"x"},` + a), list(a)},
		{"no word", list(`{"name":["a"]},` + a), list(a)},
		{"something else first", list(`1,` + a + `,"a",` + x + `,` + b), list(`1,` + a + `,` + b)},
		{"something else at the end", list(a + `, null`), list(a)},
		{"a very long tool", list(`{"name":"a","description":"` + strings.Repeat("d", maxTool) + `"},` + b), list(b)},
		{"a very long name", list(`{"name":"` + strings.Repeat("a", 300) + `"},` + b), list(b)},
		{"for everybody", `{"result":{"cacheScope" : "public","tools":[` + x + `],"ttlMs":5}}`, `{"result":{"cacheScope" : "private","tools":[],"ttlMs":5}}`},
		{"for everybody, in other words", `{"result":{"tools":[` + a + `],"CacheScope":"pub\u006cic"}}`, `{"result":{"tools":[` + a + `],"CacheScope":"private"}}`},
		{"for one", `{"result":{"cacheScope":"private","tools":[` + x + `]}}`, `{"result":{"cacheScope":"private","tools":[]}}`},
		{"for nobody knows whom", `{"result":{"cacheScope":null,"cacheScope":{"cacheScope":"public"},"cacheScope":["public"],"cacheScope":1}}`,
			`{"result":{"cacheScope":null,"cacheScope":{"cacheScope":"public"},"cacheScope":["public"],"cacheScope":1}}`},
		{"for a long word", `{"result":{"cacheScope":"public` + strings.Repeat("c", 300) + `","tools":[` + x + `]}}`, `{"result":{"cacheScope":"public` + strings.Repeat("c", 300) + `","tools":[]}}`},
		{"a scope elsewhere", `{"cacheScope":"public","error":{"cacheScope":"public"}}`, `{"cacheScope":"public","error":{"cacheScope":"public"}}`},
		{"an error", `{"id":1,"error":{"tools":[{"name":"x"}]}}`, `{"id":1,"error":{"tools":[{"name":"x"}]}}`},
		{"other lists", `{"id":1,"result":{"content":{"tools":[{"name":"x"}]},"toolx":[{"name":"x"}]}}`, `{"id":1,"result":{"content":{"tools":[{"name":"x"}]},"toolx":[{"name":"x"}]}}`},
		{"twice", `{"result":{"tools":[` + x + `],"tools":[` + x + `]},"result":{"TOOLS":[` + x + `]}}`, `{"result":{"tools":[],"tools":[]},"result":{"TOOLS":[]}}`},
		{"a batch", `[` + list(x) + `,` + list(a) + `]` + "\n", `[` + list("") + `,` + list(a) + `]` + "\n"},
		{"events", event(list(x+","+a)) + ": ping\n\n" + event(list(b)), event(list(a)) + ": ping\n\n" + event(list(b))},
		{"an event in lines", "data: {\"result\":{\"tools\":[\ndata: {\"name\":\"x\"},\nid: 1,2\ndata: {\"name\":\"a\"}\ndata: ]}}\n\n",
			"data: {\"result\":{\"tools\":[\nid: 1,2\ndata: {\"name\":\"a\"}]}}\n\n"},
		{"an event that ends in a list", "data: {\"result\":{\"tools\":[{\"name\":\"a\"},{\"na\n\n" + event(list(x)), "data: {\"result\":{\"tools\":[{\"name\":\"a\"}\n\n" + event(list(""))},
	} {
		contentType := "application/json"
		if !strings.ContainsAny(row.body[:1], "{[") {
			contentType = "text/event-stream"
		}
		for _, n := range []int{1, 2, 3, 7, 64, len(row.body)} {
			if got := filtered(t, contentType, row.body, n); got != row.want {
				t.Errorf("%s in pieces of %d:\n%.300s\nwant\n%.300s", row.name, n, got, row.want)
			}
		}
	}
}

// FuzzList: of valid JSON, what passes is valid JSON with the same members, and of its tools
// none that the caller may not use; however it is cut into pieces.
func FuzzList(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"result":{"tools":[{"name":"a"},{"name":"x"}],"nextCursor":"y"}}`, `{"result":{"tools":[1,"x",[{"name":"x"}],{"name":"b"},null]}}`,
		`[{"result":{"tools":[]}},{"result":{"Tools":[{"NAME":"x"}]}}]`, `{"result":{"tools":{"tools":[{"name":"x"}]}}}`, `{"result":[{"tools":[{"name":"x"}]}]}`,
	} {
		f.Add(seed, 3)
	}
	f.Add(`{"result":{"cacheScope":"public","tools":[{"name":"x"}],"cacheScope":1}}`, 1)
	f.Add(`{"result":{"tools":[1,{"name":"a"},"x",{"name":"x"},{"name":"b"}]}}`, 1)
	f.Fuzz(func(t *testing.T, body string, n int) {
		got := filtered(t, "application/json", body, max(n&31, 1))
		if whole := filtered(t, "application/json", body, len(body)+1); got != whole {
			t.Fatalf("%q in pieces of %d: %q, as a whole %q", body, n, got, whole)
		}
		if !json.Valid([]byte(body)) || deeper(body, 60) {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("%q becomes %q", body, got)
		}
		for _, name := range toolNames(got) {
			if name != "a" && name != "b" {
				t.Fatalf("%q becomes %q, which shows %q", body, got, name)
			}
		}
		if !strings.Contains(strings.ToLower(body), "tools") && !strings.Contains(strings.ToLower(body), "cachescope") && !strings.Contains(body, `\`) && got != body {
			t.Fatalf("%q becomes %q", body, got)
		}
	})
}

func deeper(text string, than int) bool {
	return strings.Count(text, "{")+strings.Count(text, "[") > than
}

// toolNames are the names of the tools that a client of encoding/json sees.
func toolNames(body string) (names []string) {
	type message struct {
		Result struct{ Tools []json.RawMessage }
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(body), &list) != nil {
		list = []json.RawMessage{json.RawMessage(body)}
	}
	for _, raw := range list {
		var m message
		_ = json.Unmarshal(raw, &m)
		for _, tool := range m.Result.Tools {
			var named struct{ Name string }
			if json.Unmarshal(tool, &named) == nil && named.Name != "" {
				names = append(names, named.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// What a GET is answered with has a list only if it is a stream.
func TestWhichAnswersAreFiltered(t *testing.T) {
	for _, row := range []struct {
		streams           bool
		mediaType, coding string
		filters, readable bool
	}{
		{false, "application/json", "", true, true},
		{false, "application/json", "identity", true, true},
		{false, "application/json", "gzip", true, false},
		{false, "text/event-stream", "", true, true},
		{false, "text/html", "gzip", false, true},
		{true, "application/json", "gzip", false, true},
		{true, "text/event-stream;charset=utf-8", "", true, true},
		{true, "text/event-stream", "br", true, false},
	} {
		s := &State{rule: &Rule{room: restricted(t)}, lists: true, streams: row.streams}
		filters, readable := s.ListHeaders(row.mediaType, row.coding, &caller.Identity{}, func([]string) bool { return false })
		if filters != row.filters || readable != row.readable {
			t.Errorf("%+v: filtered %v, readable %v", row, filters, readable)
		}
	}
}
