package gauntlet

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
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

// small is a gauntlet of seconds, which tests the harness.
func small() Sizes {
	return Sizes{
		Limit:   Limit{Failures: 5, Window: 2 * time.Second},
		Windows: 1, Guesses: 20, Parallel: 20, Page: 12, Addresses: 100, Bots: 50,
		Office: 10, Flood: 100, Table: 4096,
	}
}

// tools are those of all tests; TestMain finds them.
var tools Tools

func TestMain(m *testing.M) {
	flag.Parse()
	// Attacks wait for windows to end.
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gauntlet:", err)
		code = 1
	}
	os.Exit(code)
}

// run fails when something is missing: a test that cannot run has not passed.
func run(m *testing.M) (code int, err error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return 0, err
	}
	wasm, err := envoy.Filter(root)
	if err != nil {
		return 0, err
	}
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(context.Background())
	if err != nil {
		return 0, err
	}
	tools = Tools{Root: root, Wasm: wasm, Envoys: envoy.NewPool(binary, root, wasm)}
	code = m.Run()
	return code, tools.Envoys.Close()
}

func game() Game { return Game{Tools: tools, Sizes: small(), AtOnce: 2, Log: io.Discard} }

// The other programs are not needed for this: it runs wherever the tests do.
func TestGauntlet(t *testing.T) {
	g := game()
	attacks := slices.DeleteFunc(All(g.Sizes), func(a Attack) bool {
		return a.Name != "One address, in sequence" && a.Name != "A clock that steps"
	})
	require.Len(t, attacks, 2)
	attacks[0].Variants = nil // the hardened one is enough
	results := playAll(t, g, attacks)
	for _, r := range results {
		for _, row := range r.Rows {
			assert.Equal(t, 20, row.Sent, row.name())
			if row.isGatewarden() {
				assert.Zero(t, row.Refused, row.name())
			}
		}
	}
	text := written(t, g, results)
	assert.Contains(t, text, "left out: nginx, haproxy.")
	assert.Contains(t, text, "| Gatewarden | 20 | 5 | 5 × 1 = 5 |")
	assert.NotContains(t, text, g.Tools.Root, "nothing in it is of this machine")
}

// Guesses count wherever they stand, and wherever it stands that they were wrong. One
// answer that was overlooked would be one guess over the bound.
func TestCallsCount(t *testing.T) {
	t.Parallel()
	g := game()
	attacks := calls()
	for i := range attacks {
		attacks[i].Variants = nil
	}
	for _, r := range playAll(t, g, attacks) {
		for _, row := range r.Rows {
			if row.isGatewarden() {
				assert.Equal(t, g.Sizes.Limit.Failures, row.Reached, "%s: %s", r.Attack.Name, row.name())
				assert.Zero(t, row.Refused, "%s: %s", r.Attack.Name, row.name())
			}
		}
	}
}

// Bursts are held, and what is right waits for it without being refused. Where nothing
// is held, more get through than the bound allows elsewhere, so that it can be missed.
func TestBurstsAreHeld(t *testing.T) {
	t.Parallel()
	g := game()
	attacks := parallel(g.Sizes)
	for i := range attacks {
		attacks[i].Systems, attacks[i].Variants = []System{gatewarden()}, nil
	}
	attacks[0].Variants = []Variant{notHolding}
	results := playAll(t, g, attacks)
	for _, r := range results {
		for _, row := range r.Rows {
			if row.Variant != hardened().Name { // which refuses what would have waited
				assert.Zero(t, row.Refused, "%s: %s", r.Attack.Name, row.name())
			}
			if row.Variant == notHolding.Name {
				assert.Greater(t, row.Reached, r.Attack.Bound(g.Sizes, gatewarden()).N, r.Attack.Name)
			}
		}
	}
	text := written(t, g, results)
	assert.Contains(t, text, "| honest | refused | page of many | page of one |\n")
	assert.Regexp(t, `\| Gatewarden \| \d+ \| \d+ \| 2 × 5 × 1 = 10 \| 24 \| 0 \| \d\.\ds \| \d\.\ds \|`, text)
}

// playAll plays attacks that every system limits, and holds the systems to their bounds.
func playAll(t *testing.T, g Game, attacks []Attack) []Result {
	t.Helper()
	results, err := g.Play(t.Context(), attacks)
	require.NoError(t, err)
	for _, r := range results {
		for _, row := range r.Rows {
			name := r.Attack.Name + ": " + row.name()
			assert.Positive(t, row.Reached, name)
			assert.Less(t, row.Reached, row.Sent, name)
			assert.False(t, row.Over(), "%s: %d of %s", name, row.Reached, row.Bound)
			assert.Positive(t, row.Honest, name)
		}
	}
	return results
}

func written(t *testing.T, g Game, results []Result) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, Write(&text, g, results))
	return text.String()
}

func (r Row) name() string { return r.System + " " + r.Variant }

func (r Row) isGatewarden() bool { return strings.HasPrefix(r.System, "Gatewarden") }

// The outcome of a wrong token is in the response where the attacks say that it is.
func TestProceduresHideTheStatus(t *testing.T) {
	address, stop, err := serve(NewReferee())
	require.NoError(t, err)
	t.Cleanup(stop)
	for _, row := range []struct {
		contentType, body string
		status            int
		ends              string
	}{
		{webBinary, "\x00\x00\x00\x00\x00", 200, "grpc-message: the credential is wrong\r\ngrpc-status: 16\r\n"},
		{webText, "AAAAAAA=", 200, "grpc-message: the credential is wrong\r\ngrpc-status: 16\r\n"},
		{"application/connect+proto", "\x00\x00\x00\x00\x00", 200, `"code":"unauthenticated"`},
		{"application/proto", "", 401, `"code":"unauthenticated"`},
	} {
		path := streamPath
		if row.status == 401 {
			path = unaryPath
		}
		response, err := http.Post("http://"+address+path, row.contentType, strings.NewReader(row.body))
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, errors.Join(err, response.Body.Close()))
		if row.contentType == webText {
			body, err = decodeText(bytes.NewReader(body))
			require.NoError(t, err)
		}
		assert.Equal(t, row.status, response.StatusCode, row.contentType)
		assert.Empty(t, response.Header.Get("Grpc-Status"), row.contentType)
		assert.Contains(t, string(body), row.ends, row.contentType)
	}
}

// Padding may stand in any place, and what HAProxy searches is found at any.
func TestBase64(t *testing.T) {
	body, err := decodeText(strings.NewReader("YQ==YmM=ZGVm"))
	require.NoError(t, err)
	assert.Equal(t, "abcdef", string(body))
	_, err = decodeText(strings.NewReader("YQ==Y"))
	assert.Error(t, err)
	for before := range 7 {
		text := base64.StdEncoding.EncodeToString([]byte("message"[:before] + "grpc-status: 16" + "\r\n"))
		assert.True(t, slices.ContainsFunc(inBase64("grpc-status: 16"), func(digits string) bool {
			return strings.Contains(text, digits)
		}), text)
	}
}

// A configuration that the filter does not know is a row, not a failure.
func TestNotInBuild(t *testing.T) {
	g := game()
	g.stands = &stands{free: map[string]*stand{}}
	row, err := g.bout(t.Context(), bout{
		attack: single(g.Sizes)[0], system: gatewarden(), sizes: g.Sizes,
		variant: Variant{Name: "later", Lockout: map[string]any{"not_yet": 1}},
	})
	require.NoError(t, err)
	assert.True(t, row.NotInBuild)
}

// A system that lets everything through is detected before it is attacked, and so is one
// that lets nothing through.
func TestSystemsAreCheckedFirst(t *testing.T) {
	always := func(status int) *Target {
		return &Target{Send: func(context.Context, Shot) (int, error) { return status, nil }}
	}
	assert.ErrorContains(t, checkWorks(t.Context(), always(200), small().Limit), "15 guesses in sequence")
	assert.ErrorContains(t, checkWorks(t.Context(), always(429), small().Limit), "got 429")
}

func TestPagesSayWhatTheyTook(t *testing.T) {
	took := []time.Duration{2100 * time.Millisecond, 300 * time.Millisecond, 640 * time.Millisecond}
	for _, row := range []struct {
		pages Pages
		want  string
	}{
		{Pages{}, "none"},
		{Pages{Took: took[:1], Requests: 60}, "2.1s"},
		{Pages{Took: took, Requests: 180}, "2.1s, then 0.6s"},
		{Pages{Took: took, Requests: 1800, Lost: 1234}, "lost 1,234 of 1,800"},
	} {
		assert.Equal(t, row.want, row.pages.String())
	}
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
		{atOnce(1)(s, System{}), "5 × 3 = 15"},
		{atOnce(2)(s, System{}), "2 × 5 × 3 = 30"},
		{atOnce(2)(s, System{Family: Requests}), "5 × 4 = 20"},
		{atOnce(2)(s, System{Family: SlidingFailures}), "(5 − 1 + 200) × 4 = 816"},
		{notHeld(s), "(5 − 1 + 200) × 3 = 612"},
		{pendingBound(1)(s), "(5 + 1) × 3 = 18"},
		{slowBound(s), "10 − 1 + 32 + 3 = 44"},
		{byKeys(s, System{}, 10_000, 1), "10,000 × 5 × 3 = 150,000"},
		{unbounded("why not"), "none: why not"},
	} {
		assert.Equal(t, row.want, row.bound.String())
	}
}
