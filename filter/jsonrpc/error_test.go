package jsonrpc

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

const (
	tail   = `"error":{"code":429,"message":"No.","data":{"retryAfter":5}}}`
	withID = `{"jsonrpc":"2.0","id":`
	noID   = `{"jsonrpc":"2.0",` + tail
)

func refuse(request string) string {
	return string(Error([]byte(request), CodeRateLimited, "No.", `{"retryAfter":5}`))
}

func answer(id string) string { return withID + id + "," + tail }

// Clients compare ids, so each comes back byte for byte.
func TestErrorID(t *testing.T) {
	for _, id := range []string{
		"1", "0", "-1", "-0", "1.0", "1e3", "1E+3", "-1.5e-7", "9007199254740993",
		"123456789012345678901234567890", "0.1000000000000000055511151231257827",
		`""`, `"a"`, `"1"`, `"a b"`, `"\""`, `"\\"`, `"\/"`, `"/"`, `"\n\t"`, `"\u0041"`, `"A"`, `"\u00e9"`, `"é"`, `"\ud83d\ude00"`,
		`"😀"`, `"\ud83d"`, `"\u0000"`, `"}"`, `"]"`, `"{\"id\":2}"`, `"null"`, `"` + strings.Repeat("x", 1000) + `"`, "\"\x7f\"", "\"\xff\"",
	} {
		for _, form := range []string{
			`{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"x"}}`,
			`{"method":"tools/call","id":ID}`,
			"\n{ \"method\"\t: \"x\" ,\r\n \"id\" :\tID\n}\n ",
			`{"params":{"id":99,"method":"y"},"x":[{"id":98}],"method":"tools/call","id":ID}`,
			`{"\u0069d":ID,"meth\u006fd":"x"}`,
			`{"id":ID,"method":"\"id\":97"}`,
		} {
			request := strings.ReplaceAll(form, "ID", id)
			if got := refuse(request); got != answer(id) {
				t.Errorf("%s is answered by %s", request, got)
			}
		}
	}
}

func TestErrorWithoutID(t *testing.T) {
	for _, request := range []string{
		// Notifications, responses, and what is no request.
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"method":"x"}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}`,
		`{"id":null,"method":"x"}`,
		`{"id":true,"method":"x"}`,
		`{"id":[1],"method":"x"}`,
		`{"id":{"id":1},"method":"x"}`,
		`{"ID":1,"method":"x"}`,
		`{"id":1,"Method":"x"}`,
		`{"params":{"id":1},"method":"x"}`,
		"{}", "1", `"x"`, "null", "true",
		// A batch of none.
		"[]", "[[]]", `[1,"x",null]`, `[{"method":"x"}]`, `[{"id":1,"result":0}]`, `[[{"id":1,"method":"x"}]]`,
		// Invalid.
		"", " ", "{", `{"id":1,"method":"x"`, `{"id":1,"method":"x"}}`, `{"id":1,"method":"x"}{}`, `{"id":1,"method":"x",}`,
		`{"id":01,"method":"x"}`, `{"id":1.,"method":"x"}`, `{"id":+1,"method":"x"}`, `{"id":0x1,"method":"x"}`, `{"id":NaN,"method":"x"}`,
		`{'id':1,"method":"x"}`, `{id:1,"method":"x"}`, "{\"id\":\"\n\",\"method\":\"x\"}", `{"id":"\x","method":"x"}`,
		`{"id":1,"method":"x"} x`, "\xef\xbb\xbf" + `{"id":1,"method":"x"}`, "{\"id\":1,\"method\":\"x\"}\x00",
		`[{"id":1,"method":"x"},]`, `[{"id":1,"method":"x"}`, `{"id":1,"method":"\u12"}`,
		// Too deep to be looked at.
		strings.Repeat("[", 100_000),
		strings.Repeat(`{"a":`, 100_000),
		`{"id":1,"method":"x","params":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}",
	} {
		if got := refuse(request); got != noID {
			t.Errorf("%.80q is answered by %.300s", request, got)
		}
	}
}

func TestErrorDepth(t *testing.T) {
	request := `{"id":1,"method":"x","params":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "}"
	if got := refuse(request); got != answer("1") {
		t.Errorf("%s", got)
	}
}

func TestErrorBatch(t *testing.T) {
	for request, want := range map[string]string{
		`[{"id":1,"method":"x"}]`:                        "[" + answer("1") + "]",
		`[{"id":1,"method":"x"},{"id":"b","method":""}]`: "[" + answer("1") + "," + answer(`"b"`) + "]",
		` [ {"method":"n"} , {"id":2.0,"method":"x"}, {"id":3,"result":1}, 4, [{"id":5,"method":"x"}], {"id":null,"method":"x"} ] `: "[" + answer("2.0") + "]",
		`[{"id":1,"method":"x"},{"id":1,"method":"x"}]`: "[" + answer("1") + "," + answer("1") + "]",
	} {
		if got := refuse(request); got != want {
			t.Errorf("%s is answered by %s, want %s", request, got, want)
		}
	}
	long := "[" + strings.Repeat(`{"id":1,"method":"x"},`, 5000) + `{"id":2,"method":"x"}]`
	var answers []json.RawMessage
	if err := json.Unmarshal([]byte(refuse(long)), &answers); err != nil || len(answers) != maxBatch {
		t.Errorf("%v, %d answers", err, len(answers))
	}
}

// With two ids, the error has either of them.
func TestErrorDuplicateID(t *testing.T) {
	for request, want := range map[string]string{
		`{"id":1,"id":2,"method":"x"}`:      answer("2"),
		`{"id":1,"\u0069d":2,"method":"x"}`: answer("2"),
		`{"id":null,"id":2,"method":"x"}`:   answer("2"),
	} {
		if got := refuse(request); got != want {
			t.Errorf("%s is answered by %s, want %s", request, got, want)
		}
	}
}

func FuzzError(f *testing.F) {
	for _, seed := range []string{`{"jsonrpc":"2.0","id":1,"method":"x"}`, `{"id":"\u0041","method":"x"}`, `[{"id":1,"method":"x"},{"id":2,"method":"y"}]`,
		`{"id":null,"method":"x"}`, `{"method":"x"}`, `[]`, ``, `{`, `{"id":1e400,"method":""}`, `{"id":1,"id":2,"method":"x"}`, "{\"id\":\"\xff\",\"method\":\"x\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		got := Error(request, CodeRateLimited, "No.", `{"retryAfter":5}`)
		if !json.Valid(got) {
			t.Fatalf("%q is answered by %q", request, got)
		}
		if !json.Valid(request) && string(got) != noID {
			t.Fatalf("invalid %q is answered by %q", request, got)
		}
		if id := singleID(request); id != "" && jsonguard.Valid(request) && string(got) != answer(id) {
			t.Fatalf("%q with the id %s is answered by %q", request, id, got)
		}
	})
}

// singleID is what encoding/json takes for the id of a single request, whose
// keys are all different.
func singleID(request []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(request))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') || !json.Valid(request) {
		return ""
	}
	members := map[string]string{}
	for decoder.More() {
		key, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return ""
		}
		name := key.(string)
		if _, found := members[name]; found {
			return ""
		}
		members[name] = string(value)
	}
	id := members["id"]
	if _, found := members["method"]; !found || id == "" || strings.IndexByte(`"-0123456789`, id[0]) < 0 {
		return ""
	}
	return id
}
