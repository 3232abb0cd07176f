package mcpreaders

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/mcp"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// call is what a reader makes of a message. Each part is a letter for the type of a value
// ("s", "n", "b", "o" for anything else) and the value itself, or one of these.
type call struct{ ID, Method, Name, Quality, Count string }

const (
	absent  = "-" // or null
	invalid = "!" // the reader refuses the parameters
)

// prices is what the tests' tools cost. The oracle below has the same table in its own words.
const prices = `{
	"surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]}],
	"identity": [{"source": "headers", "subject": "x-user"}],
	"mcp": {"other_tools": {"scopes": []}, "tools": [
		{"name": "image_generate", "scopes": [], "cost": 5, "arguments": [
			{"argument": "quality", "times": {"standard": 1, "premium": 3, "ultra": 5}},
			{"argument": "count", "max_count": 10}]},
		{"name": "search", "scopes": [], "cost": 2}]}}`

// price is what a call costs at the least, if a server does what the reader read. A server
// that takes a text or a boolean for a number is paid for that, too.
func price(c call) uint64 {
	switch {
	case c.Method != "stools/call":
		return 0
	case c.Name == "ssearch":
		return 2
	case c.Name != "simage_generate":
		return 0
	}
	times := map[string]uint64{"spremium": 3, "sultra": 5}[c.Quality]
	n, err := strconv.ParseFloat(strings.TrimSpace(c.Count[1:]), 64)
	if err != nil || math.IsNaN(n) {
		n = 1
	}
	return 5 * max(times, 1) * uint64(min(max(math.Ceil(n), 1), 10))
}

// gate is the filter's reading.
type gate struct{ rule *mcp.Rule }

func newGate(t testing.TB) gate {
	t.Helper()
	c, err := config.Parse([]byte(prices), nil)
	if err != nil {
		t.Fatal(err)
	}
	host := fakehost.New()
	return gate{mcp.New(c, host, report.NewMetrics(host)).Rule(0)}
}

// verdict is what the filter makes of a body.
type verdict struct {
	refused bool
	list    []message.Message
	cost    uint64
}

func (g gate) read(body []byte) verdict {
	list, flaw := message.Read(nil, body, true)
	headers := []proxy.Header{{Name: ":method", Value: "POST"}, {Name: ":path", Value: "/mcp"}, {Name: "content-type", Value: "application/json"}}
	target, details := request.Read(headers)
	var s mcp.State
	s.Begin(g.rule, headers, &target, &details, false)
	s.Read(body)
	_, refused := s.Check()
	return verdict{refused: flaw != message.Clear || refused, list: list, cost: uint64(s.Cost())}
}

// differs tells how a reader differs from the filter in what matters; "" if it does not.
func (v verdict) differs(reader string, calls []call) string {
	var cost uint64
	for _, c := range calls {
		cost += price(c)
	}
	var difference string
	switch {
	case v.refused:
		return ""
	case reader == sdkServer:
		difference = v.includes(calls)
	default:
		difference = v.compare(calls)
	}
	if difference == "" && cost > v.cost {
		difference = fmt.Sprintf("it costs %d, and the filter takes %d", cost, v.cost)
	}
	return difference
}

// compare compares all messages.
func (v verdict) compare(calls []call) string {
	if len(calls) != len(v.list) {
		return fmt.Sprintf("%d messages, and the filter reads %d", len(calls), len(v.list))
	}
	ids := map[string]bool{}
	for i, c := range calls {
		if m := &v.list[i]; !isSame(m, c) {
			return fmt.Sprintf("message %d is %q, and the filter reads %q %q with the id %s", i, c, m.Method, m.Name, m.ID)
		}
		if c.Method == absent || c.ID == absent {
			continue
		}
		if id := number(c.ID); ids[id] {
			return "two requests have the id " + id
		} else {
			ids[id] = true
		}
	}
	return ""
}

// includes tells whether the filter sees each of these calls.
func (v verdict) includes(calls []call) string {
	seen := slices.Clone(v.list)
	for _, c := range calls {
		i := slices.IndexFunc(seen, func(m message.Message) bool { return isSame(&m, c) })
		if i < 0 {
			return fmt.Sprintf("it reads %q, and the filter does not", c)
		}
		seen = slices.Delete(seen, i, i+1)
	}
	return ""
}

// isSame tells whether the filter and a reader read the same message. A reader may take a
// request for a notification, which it does not answer, and may refuse its parameters.
func isSame(m *message.Message, c call) bool {
	if m.Method == "" {
		return c.Method == absent || c.Method == "s" // no server has a method without a name
	}
	id := "n" + m.IDText()
	if m.IDIsString() {
		id = "s" + m.IDText()
	}
	named := c.Name == "s"+m.Name || c.Name == invalid || c.Name == absent && m.Name == ""
	return named && c.Method == "s"+m.Method && (c.ID == absent || m.ID != "" && number(id) == number(c.ID))
}

// number returns the whole number of an id that is a number, as Go's SDK reads it. All that
// are longer than it can hold are the same.
func number(id string) string {
	n, err := strconv.ParseFloat(id[1:], 64)
	switch {
	case id[0] != 'n' || err != nil && !errors.Is(err, strconv.ErrRange):
		return id
	case math.Abs(n) >= 1<<63:
		return "too long"
	}
	return fmt.Sprint(int64(n))
}
