package mcp

import (
	"strings"
	"testing"
)

// costly is a call that nobody wants to know of.
func costly(id string, cost uint32) Call { return Call{ID: id, Cost: cost} }

// settled reads an answer in pieces of n bytes, and returns what is not paid.
func settled(contentType, body string, n int, calls ...Call) (unpaid uint32, open int) {
	s := &State{calls: append([]Call(nil), calls...), alone: len(calls) == 1}
	return answered(s, contentType, body, n)
}

// answered is the same for a request that was read.
func answered(s *State, contentType, body string, n int) (unpaid uint32, open int) {
	unpaid = s.AnswerHeaders(200, contentType, false)
	for rest := []byte(body); len(rest) > 0; rest = rest[min(n, len(rest)):] {
		unpaid += s.AnswerBody(rest[:min(n, len(rest))], false)
	}
	return unpaid, len(s.calls)
}

func TestSettlement(t *testing.T) {
	one, two, word := costly("1", 5), costly("2", 7), costly(`"1`, 11)
	event := func(data string) string { return "event: message\ndata: " + data + "\n\n" }
	for _, row := range []struct {
		name   string
		body   string // JSON, or events if it does not begin with a bracket
		calls  []Call
		unpaid uint32
		open   int
	}{
		{"a result", `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`, []Call{one}, 0, 0},
		{"an error", `{"jsonrpc":"2.0","id":1,"error":{"code":1}}`, []Call{one}, 5, 0},
		{"an error first", `{"error":{"code":1,"data":{"result":{}}},"id":1}`, []Call{one}, 5, 0},
		{"a null error", `{"error":null,"result":{}}`, []Call{one}, 0, 0},
		{"isError", `{"id":1,"result":{"content":[{"isError":false}],"isError":true}}`, []Call{one}, 5, 0},
		{"not isError", `{"id":1,"result":{"isError":false,"content":[{"isError":true}]}}`, []Call{one}, 0, 0},
		{"isError as a word", `{"id":1,"result":{"isError":"true"}}`, []Call{one}, 0, 0},
		{"isError elsewhere", `{"id":1,"isError":true,"result":{"structuredContent":{"isError":true,"error":1}}}`, []Call{one}, 0, 0},
		{"an id of another spelling", `{"id":1.0,"error":{}}`, []Call{one}, 5, 0},
		{"no answer in it", `{"id":1}`, []Call{one}, 0, 1},
		{"cut", `{"id":1,"error":{"code":`, []Call{one}, 0, 1},
		{"a result that is no object", `{"id":1,"result":"x"}`, []Call{one}, 0, 0},
		{"a batch", `[{"id":2,"error":{}},{"id":1,"result":{}}]`, []Call{one, two}, 7, 0},
		{"a batch, the other one", `[{"id":2,"result":{}},{"id":1,"result":{"isError":true}}]`, []Call{one, two}, 5, 0},
		{"a word and a number", `[{"id":"1","error":{}},{"id":1,"result":{}}]`, []Call{one, word}, 11, 0},
		{"an escaped id", `[{"id":"\u0031","error":{}}]`, []Call{one, word}, 11, 1},
		{"events", event(`{"id":1,"error":{}}`), []Call{one}, 5, 0},
		{"events of others before", event(`{"method":"notifications/progress","params":{"error":{}}}`) + event(`{"id":9,"method":"sampling/createMessage"}`) + ": ping\n\n" + event(`{"id":1,"result":{"isError":true}}`), []Call{one}, 5, 0},
		{"an event in lines", "data: {\"id\":1,\ndata: \"error\":{}}\n\n", []Call{one}, 5, 0},
		{"events only of others", event(`{"method":"notifications/progress"}`), []Call{one}, 0, 1},
	} {
		contentType := "application/json"
		if !strings.ContainsAny(row.body[:1], "{[") {
			contentType = "text/event-stream; charset=utf-8"
		}
		for n := 1; n <= len(row.body); n++ {
			if unpaid, open := settled(contentType, row.body, n, row.calls...); unpaid != row.unpaid || open != row.open {
				t.Errorf("%s in pieces of %d: %d not paid and %d open, want %d and %d", row.name, n, unpaid, open, row.unpaid, row.open)
			}
		}
	}
}

// TestSettlementAmongOthers: only its own answer settles a call that is not the only message
// of its request.
func TestSettlementAmongOthers(t *testing.T) {
	w := newWorker(t, `"tools": [{"name": "t", "cost": 5}]`)
	paid, free, silent := call("1", "t", "{}"), call("2", "x", "{}"), strings.Replace(call("1", "t", "{}"), `"id":1,`, "", 1)
	for _, row := range []struct {
		body, answer string
		unpaid       uint32
		open         int
	}{
		{paid, `{"id":"of another spelling","error":{}}`, 5, 0},
		{"[" + paid + "]", `[{"id":1.0,"error":{}}]`, 5, 0},
		{"[" + paid + `,{"method":"notifications/x"}]`, `[{"id":1.0,"error":{}}]`, 5, 0},
		{"[" + paid + "," + free + "]", `[{"id":2,"error":{}},{"id":1,"result":{}}]`, 0, 0},
		{"[" + free + "," + paid + "]", `[{"id":2,"error":{}},{"id":1,"result":{"isError":true}}]`, 5, 0},
		{"[" + paid + "," + call("2", "t", "{}") + "]", `[{"id":1,"result":{}},{"id":3,"error":{}}]`, 0, 1},
		{"[" + silent + "," + free + "]", `[{"id":2,"error":{}}]`, 0, 1},
	} {
		s := w.read(row.body)
		if unpaid, open := answered(s, "application/json", row.answer, len(row.answer)); unpaid != row.unpaid || open != row.open {
			t.Errorf("%s, answered by %s: %d not paid and %d open, want %d and %d", row.body, row.answer, unpaid, open, row.unpaid, row.open)
		}
	}
}

func TestSettlementByHeaders(t *testing.T) {
	for _, row := range []struct {
		status      int
		contentType string
		end         bool
		unpaid      uint32
		follows     bool
	}{
		{200, "application/json", false, 0, true},
		{200, "Application/JSON;charset=utf-8", false, 0, true},
		{200, "text/event-stream", false, 0, true},
		{200, "text/html", false, 0, false},
		{202, "", true, 0, false},
		{400, "application/json", false, 12, false},
		{401, "", true, 12, false},
		{503, "text/plain", false, 12, false},
	} {
		s := &State{calls: []Call{costly("1", 5), costly("2", 7)}}
		if unpaid := s.AnswerHeaders(row.status, row.contentType, row.end); unpaid != row.unpaid || s.Follows() != row.follows {
			t.Errorf("%+v: %d, follows %v", row, unpaid, s.Follows())
		}
	}
	s := &State{calls: []Call{costly("1", 5)}}
	if s.refundAll(0) != 5 || s.refundAll(0) != 0 || s.Settling() {
		t.Error("a request without an answer is not paid, once")
	}
	if (&State{}).AnswerHeaders(500, "", true) != 0 || (&State{}).AnswerBody([]byte("{}"), true) != 0 {
		t.Error("nothing to settle")
	}
}

// FuzzAnswer: whatever an answer is and however it is cut, no more is given back than was
// taken, and no call is settled twice.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`[{"id":2,"error":{}},{"id":1,"result":{"isError":true}}]`, "data: {\"id\":1,\"error\":{}}\n\n", `{"id":1}`, "[[[["} {
		f.Add(seed, true, 3)
		f.Add(seed, false, 1)
	}
	f.Fuzz(func(t *testing.T, body string, events bool, n int) {
		contentType := "application/json"
		if events {
			contentType = "text/event-stream"
		}
		calls := []Call{costly("1", 1), costly("2", 2), costly(`"1`, 4)}
		unpaid, open := settled(contentType, body, max(n&31, 1), calls...)
		whole, openWhole := settled(contentType, body, len(body)+1, calls...)
		if unpaid != whole || open != openWhole || unpaid > 7 || open == 3 && unpaid > 0 {
			t.Fatalf("%q: %d not paid, %d open; as a whole %d, %d", body, unpaid, open, whole, openWhole)
		}
	})
}
