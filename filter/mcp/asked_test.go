package mcp

import (
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// newReporting returns a worker whose calls somebody wants to know.
func newReporting(t testing.TB) *worker {
	t.Helper()
	c := fakehost.ParseConfig(t, `{"audit": {}, "surfaces": [{"name": "tools", "kind": "mcp", "match": [{"prefix": "/mcp"}]}],
		"mcp": {"tools": [{"name": "paint", "scopes": [], "cost": 5}], "other_tools": {"scopes": [], "cost": 2}}}`)
	host := fakehost.New()
	metrics := report.NewMetrics(host)
	return &worker{Room: New(c, host, metrics), config: c, host: host, metrics: metrics}
}

// TestAsked: all that a body asks for is known by name, and outlives the body.
func TestAsked(t *testing.T) {
	w := newReporting(t)
	for _, row := range []struct {
		body string
		want []Asked
	}{
		{call("1", "paint", "{}"), []Asked{{Method: message.ToolsCall, Tool: "paint", Cost: 5}}},
		{call("1", "new", "{}"), []Asked{{Method: message.ToolsCall, Tool: "new", Cost: 2}}},
		{call("1", "", "{}"), []Asked{{Method: message.ToolsCall, Cost: 2}}},
		{`{"id":1,"method":"initialize"}`, []Asked{{Method: "initialize"}}},
		{`{"method":"notifications/x"}`, []Asked{{Method: "notifications/x"}}},
		{`{"id":1,"result":{}}`, nil},
		{`[{"id":1,"method":"ping"},{"id":2,"result":{}},` + call("3", "paint", "{}") + `]`, []Asked{{Method: "ping"}, {Method: message.ToolsCall, Tool: "paint", Cost: 5}}},
		{`[`, nil},
	} {
		s := w.begin()
		body := []byte(row.body)
		s.Read(body)
		clear(body)
		var got []Asked
		for _, asked := range s.Asked() {
			asked.meter = nil
			got = append(got, asked)
		}
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.body, got, row.want)
		}
	}
}

// TestFailed: the calls that failed are known with the reason, each once.
func TestFailed(t *testing.T) {
	w := newReporting(t)
	body := `[` + call("1", "paint", "{}") + `,` + call("2", "new", "{}") + `]`
	failed := func(tool string, cost uint32, why string) Failed {
		return Failed{Asked{Method: message.ToolsCall, Tool: tool, Cost: cost}, why}
	}
	for _, row := range []struct {
		name   string
		settle func(s *State)
		want   []Failed
	}{
		{"refused", func(s *State) { s.Done(false) }, nil},
		{"no answer", func(s *State) { s.Passed(true); s.Done(false) }, []Failed{failed("paint", 5, "unanswered"), failed("new", 2, "unanswered")}},
		{"a status", func(s *State) { s.Passed(true); s.AnswerHeaders(404, "", true) }, []Failed{failed("paint", 5, "status_404"), failed("new", 2, "status_404")}},
		{"an error", func(s *State) {
			s.Passed(true)
			s.AnswerHeaders(200, "application/json", false)
			s.AnswerBody([]byte(`[{"id":2,"error":{}},{"id":1,"result":{}}]`), true)
		}, []Failed{failed("new", 2, "error")}},
		{"results", func(s *State) {
			s.Passed(true)
			s.AnswerHeaders(200, "application/json", false)
			s.AnswerBody([]byte(`[{"id":2,"result":{}}]`), true)
		}, nil},
	} {
		s := w.read(body)
		row.settle(s)
		if got := append([]Failed(nil), s.Failed()...); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
		if len(s.Failed()) > 0 {
			t.Errorf("%s: calls fail twice", row.name)
		}
	}
}
