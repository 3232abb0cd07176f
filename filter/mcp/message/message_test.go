package message

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// brief is what the tests compare of a message.
type brief struct{ ID, Method, Name string }

func briefs(list []Message) (out []brief) {
	for _, m := range list {
		out = append(out, brief{m.ID, m.Method, m.Name})
	}
	return out
}

func TestRead(t *testing.T) {
	for _, row := range []struct {
		body string
		want []brief
		flaw Flaw
	}{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, []brief{{"1", "ping", ""}}, Clear},
		{` {"method":"ping","id":"\u0061"} `, []brief{{`"\u0061"`, "ping", ""}}, Clear},
		{`{"method":"p\u0069ng","id":12345678901234567890123}`, []brief{{"12345678901234567890123", "ping", ""}}, Clear},
		{" {\t\"x\\\\\" :[ {\"}\" : \"]\\\"\"} ,\"\\\\\\\"\", [ ],{ } ,-1.5e3,true ]\r\n, \"method\" : \"a\" ,\"id\":2 } ", []brief{{"2", "a", ""}}, Clear},
		{`{"a":"\\\\","\"":"{","method":"tools/call","params" : {"x":{"name":"}"},"name" :"t","y":["name"]}}`, []brief{{"", "tools/call", "t"}}, Clear},
		{` [ {"method":"a"} , {"method":"b"} ] `, []brief{{"", "a", ""}, {"", "b", ""}}, Clear},
		{`{"method":"notifications/initialized"}`, []brief{{"", "notifications/initialized", ""}}, Clear},
		{`{"id":1,"result":{"method":"x"}}`, []brief{{}}, Clear},
		{`{"id":1,"error":{"code":1}}`, []brief{{}}, Clear},
		{`{"id":1,"method":"tools/call","params":{"name":"a\u0062","arguments":{"name":"c"}}}`, []brief{{"1", "tools/call", "ab"}}, Clear},
		{`{"id":1,"method":"tools/call","params":{"name":""}}`, []brief{{"1", "tools/call", ""}}, Clear},
		{`{"id":1,"method":"prompts/get","params":{"name":"p","uri":"u"}}`, []brief{{"1", "prompts/get", "p"}}, Clear},
		{`{"id":1,"method":"resources/read","params":{"name":"p","uri":"u"}}`, []brief{{"1", "resources/read", "u"}}, Clear},
		{`{"id":1,"method":"Tools/Call","params":7}`, []brief{{"1", "Tools/Call", ""}}, Clear},
		{`[{"id":1,"method":"a"},{"id":"1","method":"b"}]`, []brief{{"1", "a", ""}, {`"1"`, "b", ""}}, Clear},
		{`{"id":"\ud83d\ude00","method":"�"}`, []brief{{`"\ud83d\ude00"`, "�", ""}}, Clear},
		{`[{"id":1,"method":"a"},{"method":"b"},{"id":2,"result":1}]`, []brief{{"1", "a", ""}, {"", "b", ""}, {}}, Clear},

		{``, nil, NotJSON},
		{`{`, nil, NotJSON},
		{`{"method":"a"} x`, nil, NotJSON},
		{`{"method":"a"}` + "\x00", nil, NotJSON},
		{"\xef\xbb\xbf" + `{"method":"a"}`, nil, NotJSON},
		{`{"method":"` + "\xff" + `"}`, nil, NotJSON},
		{"{\x00\"\x00}\x00", nil, NotJSON},
		{`{"method":"a","x":NaN}`, nil, NotJSON},
		{`{"method":"a",}`, nil, NotJSON},
		{`{'method':'a'}`, nil, NotJSON},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), nil, NotJSON},

		{`{"method":"a","method":"a"}`, nil, Ambiguous},
		{`{"method":"a","METHOD":"b"}`, nil, Ambiguous},
		{`{"Method":"a"}`, nil, Ambiguous},
		{`{"method":"a","m\u0065thod":"b"}`, nil, Ambiguous},
		{`{"method":"a","id":1,"ID":2}`, nil, Ambiguous},
		{`{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}`, nil, Ambiguous}, // a long s
		{`{"method":"tools/call","params":{"name":"a","Name":"b"}}`, nil, Ambiguous},
		{`{"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{}}}`, nil, Ambiguous},
		{`{"method":"x","result":1}`, nil, Ambiguous},
		{`{"id":1,"method":"x","__proto__":{}}`, nil, Ambiguous},
		{`{"id":1,"result":1,"__proto__":{"method":"x"}}`, nil, Ambiguous},
		{`{"method":"tools/call","params":{"name":"a","\u005f_proto__":{"arguments":{}}}}`, nil, Ambiguous},
		{`{"method":"a\ud83d"}`, nil, Ambiguous},
		{`{"id":"\ude00\ud83d","method":"a"}`, nil, Ambiguous},
		{`{"method":"tools/call","params":{"name":"\ud83d\u0041"}}`, nil, Ambiguous},

		{`null`, nil, NotMessage},
		{`"method"`, nil, NotMessage},
		{`{}`, nil, NotMessage},
		{`{"id":1}`, nil, NotMessage},
		{`{"method":null}`, nil, NotMessage},
		{`{"method":7}`, nil, NotMessage},
		{`{"method":"a","id":null}`, nil, NotMessage},
		{`{"method":"a","id":{}}`, nil, NotMessage},
		{`[]`, nil, NotMessage},
		{`[{"method":"a"},[]]`, nil, NotMessage},
		{`[` + strings.Repeat(`{"method":"a"},`, MaxBatch) + `{"method":"a"}]`, nil, TooMany},

		{`[{"id":1,"method":"a"},{"method":"b"},{"id":1,"method":"b"}]`, nil, SameID},
		{`[{"id":1,"method":"a"},{"id":1.0,"method":"b"}]`, nil, SameID},
		{`[{"id":-1.5,"method":"a"},{"id":-1e0,"method":"b"}]`, nil, SameID},
		{`[{"id":9007199254740993,"method":"a"},{"id":9007199254740992,"method":"b"}]`, nil, SameID},
		{`[{"id":1e300,"method":"a"},{"id":-1e400,"method":"b"}]`, nil, SameID},
		{`[{"id":"a","method":"a"},{"id":"\u0061","method":"b"}]`, nil, SameID},

		{`{"method":"tools/call"}`, nil, NoName},
		{`{"method":"tools/call","params":["a"]}`, nil, NoName},
		{`{"method":"tools/call","params":{"name":null}}`, nil, NoName},
		{`{"method":"tools/call","params":{"uri":"a"}}`, nil, NoName},
		{`{"method":"resources/read","params":{"name":"a"}}`, nil, NoName},
	} {
		list, flaw := Read(nil, []byte(row.body), true)
		if flaw != row.flaw || flaw == Clear && !reflect.DeepEqual(briefs(list), row.want) {
			t.Errorf("%.80q: %+v %d, want %+v %d", row.body, briefs(list), flaw, row.want, row.flaw)
		}
	}
}

func TestBatchesOfOtherVersions(t *testing.T) {
	for body, want := range map[string]Flaw{
		`[{"method":"a"}]`: NoBatches, `[]`: NotMessage, `[{"method":1}]`: NotMessage, `{"method":"a"}`: Clear,
	} {
		if _, flaw := Read(nil, []byte(body), false); flaw != want {
			t.Errorf("%s: %d, want %d", body, flaw, want)
		}
	}
}

func TestArgument(t *testing.T) {
	for _, row := range []struct {
		arguments, way string
		want           Argument
		ok             bool
	}{
		{`{"q":"x"}`, "q", Argument{Exists: true, Text: "x"}, true},
		{`{"q":"\u0078"}`, "q", Argument{Exists: true, Text: "x"}, true},
		{`{"q":2.50}`, "q", Argument{Exists: true, Text: "2.50", IsNumber: true, Number: 2.5}, true},
		{`{"q":true}`, "q", Argument{Exists: true, Text: "true"}, true},
		{`{"q":["x"]}`, "q", Argument{Exists: true, Text: `["x"]`}, true},
		{`{"q":null}`, "q", Argument{}, true},
		{`{"r":"x"}`, "q", Argument{}, true},
		{`null`, "q", Argument{}, true},
		{`["x"]`, "q", Argument{Exists: true, Text: `["x"]`}, true},
		{`"{\"q\":\"x\"}"`, "q", Argument{Exists: true, Text: `"{\"q\":\"x\"}"`}, true},
		{`{"o":{"q":"x"}}`, "o q", Argument{Exists: true, Text: "x"}, true},
		{`{"o":"x"}`, "o q", Argument{Exists: true, Text: `"x"`}, true},
		{`{"o":"{\"q\":\"x\"}"}`, "o q", Argument{Exists: true, Text: `"{\"q\":\"x\"}"`}, true},
		{`{"o":7}`, "o q", Argument{Exists: true, Text: "7"}, true},
		{`{"o":null}`, "o q", Argument{}, true},
		{`{"o":{"q":null}}`, "o q", Argument{}, true},
		{`{}`, "o q", Argument{}, true},
		{`{"q":"x","q":"y"}`, "q", Argument{}, false},
		{`{"q":"x","Q":"y"}`, "q", Argument{}, false},
		{`{"Q":"y"}`, "q", Argument{}, false},
		{`{"o":{},"o":{"q":"x"}}`, "o q", Argument{}, false},
		{`{"o":{"q":1,"q":1}}`, "o q", Argument{}, false},
		{`{"__proto__":{"q":"x"}}`, "q", Argument{}, false},
		{`{"q":"y","__proto__":{"q":"x"}}`, "q", Argument{}, false},
		{`{"o":{"__proto__":{"q":"x"}}}`, "o q", Argument{}, false},
		{`{"r":{"__proto__":{"q":"x"}}}`, "q", Argument{}, true},
		{`{"r":1,"r":2,"q":"x"}`, "q", Argument{Exists: true, Text: "x"}, true},
	} {
		list, flaw := Read(nil, []byte(`{"method":"tools/call","params":{"name":"t","arguments":`+row.arguments+`}}`), false)
		if flaw != Clear {
			t.Fatalf("%s: %d", row.arguments, flaw)
		}
		got, ok := list[0].Argument(strings.Fields(row.way))
		if ok != row.ok || ok && got != row.want {
			t.Errorf("%s at %s: %+v %v, want %+v %v", row.arguments, row.way, got, ok, row.want, row.ok)
		}
	}
}

// FuzzRead: where the filter reads a message, encoding/json reads the same one, although
// it takes the last of two members and any letter case.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"q":"x"}}}`,
		`[{"id":"a","method":"ping"},{"id":1,"result":{}}]`, `{"Method":"a"}`, `{"\\\"":[{"]":"\\\\"},"}"],"method":"a"}`, `{"method":"a","method":"b"}`,
		`{"method":"resources/read","params":{"uri":"\ud83d\ude00"}}`, `{"method":"\ud83d"}`, `{"id":1e400,"method":"x"}`, "[[[[", "null",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, flaw := Read(nil, body, true)
		if flaw != Clear {
			return
		}
		var raw []json.RawMessage
		if json.Unmarshal(body, &raw) != nil {
			raw = []json.RawMessage{body}
		}
		if !utf8.Valid(body) || len(raw) != len(list) {
			t.Fatalf("%q: %d messages, want %d", body, len(list), len(raw))
		}
		for i := range list {
			checkMessage(t, &list[i], raw[i])
		}
	})
}

func checkMessage(t *testing.T, got *Message, raw json.RawMessage) {
	t.Helper()
	var want struct {
		ID     json.RawMessage
		Method string
		Params json.RawMessage
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	var params struct {
		Name, URI json.RawMessage
		Arguments map[string]any
	}
	_ = json.Unmarshal(want.Params, &params)
	name := ""
	switch want.Method {
	case "tools/call", "prompts/get":
		_ = json.Unmarshal(params.Name, &name)
	case "resources/read":
		_ = json.Unmarshal(params.URI, &name)
	}
	if got.Method != want.Method || got.Method != "" && got.ID != string(want.ID) || got.Name != name {
		t.Fatalf("%s: %+v, want %q %q %q", raw, briefs([]Message{*got}), want.ID, want.Method, name)
	}
	if text, isText := params.Arguments["q"].(string); isText {
		if a, ok := got.Argument([]string{"q"}); ok && a.Text != text {
			t.Fatalf("%s: q is %q, want %q", raw, a.Text, text)
		}
	}
}
