package mcpreaders

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bodies is how many bodies are made at random.
const bodies = 20_000

// fewest is how many priced calls each reader has to find among those that the filter lets
// pass: otherwise the test shows nothing.
const fewest = 1_000

func TestReaders(t *testing.T) {
	g, all, names := newGate(t), [][]byte{}, []string{}
	for _, a := range attacks() {
		all, names = append(all, []byte(a.body)), append(names, a.name)
		assert.Equal(t, a.refused, g.read([]byte(a.body)).refused, a.name)
	}
	for w := newWriter(); len(all) < bodies; {
		all, names = append(all, w.body()), append(names, "at random")
	}
	priced, differences := map[string]int{}, 0
	for i, readers := range readAll(t, all) {
		v := g.read(all[i])
		for reader, calls := range readers {
			if difference := v.differs(reader, calls); difference != "" {
				if differences++; differences <= 20 {
					t.Errorf("%s (%s): %.500q: %s", reader, names[i], all[i], difference)
				}
				continue
			}
			for _, c := range calls {
				if !v.refused && price(c) > 0 {
					priced[reader]++
				}
			}
		}
	}
	t.Logf("%d bodies, %d differences; priced calls that the filter lets pass, by reader: %v", len(all), differences, priced)
	for _, reader := range []string{sdkServer, "encoding/json", "JSON.parse", "JSON.parse, copied", "TypeScript SDK", "json.loads", "Python SDK", "Python SDK, json.loads"} {
		assert.Greater(t, priced[reader], fewest, reader)
	}
}

// readAll returns what all readers make of each body.
func readAll(t *testing.T, all [][]byte) []reading {
	t.Helper()
	type result struct {
		readings []reading
		err      error
	}
	commands := programs(t)
	results := make(chan result, len(commands))
	for _, command := range commands {
		go func() {
			readings, err := ask(command, all)
			results <- result{readings, err}
		}()
	}
	sdk, merged := newGoSDK(), make([]reading, len(all))
	for i := range all {
		merged[i] = sdk.read(all[i])
	}
	for range commands {
		r := <-results
		require.NoError(t, r.err)
		for i := range r.readings {
			maps.Copy(merged[i], r.readings[i])
		}
	}
	return merged
}

// FuzzGoSDK searches for bodies that Go's SDK reads in another way than the filter does.
func FuzzGoSDK(f *testing.F) {
	for _, a := range attacks() {
		f.Add([]byte(a.body))
	}
	g, sdk := newGate(f), newGoSDK()
	f.Fuzz(func(t *testing.T, body []byte) {
		v := g.read(body)
		for reader, calls := range sdk.read(body) {
			if difference := v.differs(reader, calls); difference != "" {
				t.Errorf("%s: %q: %s", reader, body, difference)
			}
		}
	})
}
