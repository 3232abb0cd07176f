package gauntlet

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// small is a gauntlet of seconds. What it is about is the harness.
func small() Sizes {
	return Sizes{
		Limit:   Limit{Failures: 5, Window: 2 * time.Second},
		Windows: 1, Guesses: 20, Parallel: 20, Addresses: 100, Bots: 50,
		Office: 10, Flood: 100, Table: 4096,
	}
}

func game(t *testing.T) Game {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	wasm := os.Getenv("GATEWARDEN_WASM")
	if wasm == "" {
		wasm = filepath.Join(root, "build", "gatewarden.wasm")
	}
	require.FileExists(t, wasm, "make build")
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(t.Context())
	require.NoError(t, err)
	return Game{Tools: Tools{Root: root, Wasm: wasm, Envoy: binary}, Sizes: small(), AtOnce: 2, Log: io.Discard}
}

// The other programs are not needed for this: it runs wherever the tests do.
func TestGauntlet(t *testing.T) {
	g := game(t)
	attacks := slices.DeleteFunc(All(g.Sizes), func(a Attack) bool {
		return a.Name != "One address, in sequence" && a.Name != "A clock that steps"
	})
	require.Len(t, attacks, 2)
	attacks[0].Variants = nil // the hardened one is enough
	results, err := g.Play(t.Context(), attacks)
	require.NoError(t, err)
	for _, r := range results {
		for _, row := range r.Rows {
			name := r.Attack.Name + ": " + row.System + " " + row.Variant
			assert.Equal(t, 20, row.Sent, name)
			assert.Positive(t, row.Reached, name)
			assert.Less(t, row.Reached, row.Sent, name)
			assert.False(t, row.Over(), "%s: %d of %s", name, row.Reached, row.Bound)
			assert.Positive(t, row.Honest, name)
			if strings.HasPrefix(row.System, "Gatewarden") {
				assert.Zero(t, row.Refused, name)
			}
		}
	}
	var text strings.Builder
	require.NoError(t, Write(&text, g, results))
	assert.Contains(t, text.String(), "left out: nginx, haproxy.")
	assert.Contains(t, text.String(), "| Gatewarden | 20 | 5 | 5 × 1 = 5 |")
	assert.NotContains(t, text.String(), g.Tools.Root, "nothing in it is of this machine")
}

// A configuration that the filter does not know is a row, not a failure.
func TestNotInBuild(t *testing.T) {
	g := game(t)
	g.stands = &stands{free: map[string]*stand{}}
	row, err := g.bout(t.Context(), bout{
		attack: single(g.Sizes)[0], system: gatewarden(), sizes: g.Sizes,
		variant: Variant{Name: "later", Lockout: map[string]any{"not_yet": 1}},
	})
	require.NoError(t, err)
	assert.True(t, row.NotInBuild)
}

// A system that lets everything through is found out before it is attacked, and
// so is one that lets nobody through.
func TestSystemsAreCheckedFirst(t *testing.T) {
	always := func(status int) *Target {
		return &Target{Send: func(context.Context, Shot) (int, error) { return status, nil }}
	}
	assert.ErrorContains(t, checkWorks(t.Context(), always(200), small().Limit), "15 guesses in sequence")
	assert.ErrorContains(t, checkWorks(t.Context(), always(429), small().Limit), "got 429")
}

func TestReadPath(t *testing.T) {
	for _, p := range []string{
		"/api/v1/items", "/API/V1/items/", "/api;a=1/v1/items", "/x/..;/api/v1/items", `/api\v1\items`, "/%61pi//v1/./items",
	} {
		assert.Equal(t, "/api/v1/items", readPath(p), p)
	}
}

func TestBounds(t *testing.T) {
	s := Standard()
	for _, row := range []struct {
		bound Bound
		want  string
	}{
		{inSequence(s, System{}), "5 × 3 = 15"},
		{inSequence(s, System{Family: Requests}), "5 × 4 = 20"},
		{atOnce(s, System{}), "(5 − 1 + 200) × 3 = 612"},
		{atOnce(s, System{Family: Requests}), "5 × 4 = 20"},
		{atOnce(s, System{Family: SlidingFailures}), "(5 − 1 + 200) × 4 = 816"},
		{pendingBound(1)(s), "(5 + 1) × 3 = 18"},
		{slowBound(s), "10 − 1 + 32 + 3 = 44"},
		{byKeys(s, System{}, 10_000, 1), "10,000 × 5 × 3 = 150,000"},
		{unbounded("why not"), "none: why not"},
	} {
		assert.Equal(t, row.want, row.bound.String())
	}
}
