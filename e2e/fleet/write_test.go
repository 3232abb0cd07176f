package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTables(t *testing.T) {
	const ms = time.Millisecond
	names := map[string]string{"a": "A", "b": "B"}
	for _, row := range []struct{ got, want string }{
		{WriteSpreads([]Spreads{{Name: "A", How: "in sequence", All: []Spread{{Extra: 3, Last: 3 * ms}, {Extra: 1, Last: ms}, {Extra: 2, Last: 20 * ms}}}}),
			"| A | in sequence | 3.00 ms | 20 ms | 2 | 3 |\n"},
		{WriteFaults([]FaultRow{{Fault: "x", Outcomes: []Outcome{
			{Variant: "a", Waits: []time.Duration{ms, 15 * ms}, Valid: map[int]int{200: 999, 503: 1}, Guesses: 7, Recovered: 1500 * ms},
			{Variant: "b", Lost: 2, Outlived: 1},
		}}}, names),
			"| x | A | 15 ms | 15 ms | 99.9 % | 7 | none | none | 1.5 s |\n" +
				"| x | B | 0.00 ms | 0.00 ms | 0 % | 0 | **yes** (2 requests) | **yes** (1 requests) | 0.00 ms |\n"},
		{WriteLoad([]Latency{{Variant: "a", Took: []time.Duration{ms, 3 * ms}}, {Variant: "b", Took: []time.Duration{2 * ms, 2 * ms}, Calls: 3}}, names),
			"| A | 3.00 ms |  | 3.00 ms |  | 0.00 |\n| B | 2.00 ms | -1.00 ms | 2.00 ms | -1.00 ms | 1.50 |\n"},
		{WriteFloods([]Flooded{{Flood: Flood{Variant: "a", Addresses: 10, Proxies: 3}, Failed: 100, Refused: 300, Calls: 8, Took: 2 * time.Second}}, names),
			"| A | 3 | 10 | 200 | 75 % | 4 | 50.0 |\n"},
	} {
		lines := strings.SplitAfterN(row.got, "\n", 3)
		require.Len(t, lines, 3)
		assert.Equal(t, row.want, lines[2])
		assert.Equal(t, strings.Count(lines[0], "|"), strings.Count(row.want, "|")/strings.Count(row.want, "\n"), "the head has other columns")
	}
}

func TestSection(t *testing.T) {
	load := Section{Name: "load", Text: "new\n"}
	page, err := load.Into("before\n" + load.begins() + "old\n" + load.ends() + "after\n")
	require.NoError(t, err)
	assert.Equal(t, "before\n"+load.begins()+"\nnew\n\n"+load.ends()+"after\n", page)
	again, err := load.Into(page)
	require.NoError(t, err)
	assert.Equal(t, page, again)
	_, err = load.Into("before\n")
	assert.ErrorContains(t, err, "load")
}
