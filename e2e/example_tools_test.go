package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// one is what somebody sends who types a request into curl.
var one = []string{"Content-Type", "application/json", "Accept", "*/*"}

// startTools brings up the shipped example of an MCP server as it is.
func startTools(t *testing.T) *stage {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "examples", "mcp.json"))
	require.NoError(t, err)
	return start(t, string(text))
}

// called is a call of a tool.
func called(tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, tool, arguments)
}

// image is a call of the tool whose price is by quality.
func image(quality string) string {
	return called("image_generate", fmt.Sprintf(`{"prompt":"a rook","quality":%q}`, quality))
}

// A tenant's requests count together, whatever the method, the path and the credential. The
// headers tell on each how many are left, and each is refused when none is.
func TestToolsLimitEveryMethod(t *testing.T) {
	t.Parallel()
	s := startTools(t)
	c := s.newCaller(t, client.HTTP1)
	key, token := apiKey(service.APIKey), valid
	kinds := []struct{ name, path, body string }{
		{"initialize", "/mcp", initialize},
		{"tools/list", "/mcp", `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`},
		{"ping", "/mcp", `{"jsonrpc":"2.0","id":3,"method":"ping"}`},
		{"tools/call", "/mcp", called("search", `{"word":"queen"}`)},
		{"the REST alias", "/api/v1/mcp/query", `{"text": "hello"}`},
	}
	for i := range 20 {
		kind, credential := kinds[i%len(kinds)], [][]string{key, token}[i/len(kinds)%2]
		r := c.do(t, "POST", kind.path, kind.body, one, credential)
		require.Equal(t, 200, r.status, "%s: %s", kind.name, r.body)
		requireLeft(t, r, "plan", 20, 19-i)
	}
	reached := [2]int{s.service.SeenPath("/mcp"), s.service.SeenPath("/api/v1/mcp/query")}
	for _, credential := range [][]string{key, token} {
		for _, kind := range append(kinds, struct{ name, path, body string }{"a priced call", "/mcp", image("standard")}) {
			r := c.do(t, "POST", kind.path, kind.body, one, credential)
			require.Equal(t, 429, r.status, "%s: %s", kind.name, r.body)
			require.Contains(t, r.header.Get("RateLimit"), `"plan";r=0;t=`)
			require.Positive(t, number(t, r, "Retry-After"))
		}
	}
	assert.Equal(t, reached, [2]int{s.service.SeenPath("/mcp"), s.service.SeenPath("/api/v1/mcp/query")}, "the service sees none of them")
	assert.Equal(t, 200, c.do(t, "POST", "/mcp", image("ultra"), one, apiKey(service.BobsKey)).status, "another tenant has its own")
}

// All together, these are less than the free tenant's requests for a minute.
func TestTools(t *testing.T) {
	t.Parallel()
	s := startTools(t)
	t.Run("have prices", func(t *testing.T) { toolsHavePrices(t, s) })
	t.Run("say what is missing", func(t *testing.T) { toolsSayWhatIsMissing(t, s) })
	t.Run("beside a session", func(t *testing.T) { toolsBesideASession(t, s) })
}

// A picture costs by its quality, and the best one is not for every plan.
func toolsHavePrices(t *testing.T, s *stage) {
	c := s.newCaller(t, client.HTTP1)
	bob, bobsToken := apiKey(service.BobsKey), []string{"Authorization", "Bearer " + service.BobsToken}
	left := 2000
	for _, row := range []struct {
		quality string
		cost    int
	}{{"standard", 5}, {"premium", 15}, {"ultra", 25}, {"ultra_plus", 40}} {
		for _, credential := range [][]string{bob, bobsToken} {
			left -= row.cost
			r := c.do(t, "POST", "/mcp", image(row.quality), one, credential)
			require.Equal(t, 200, r.status, r.body)
			require.Contains(t, r.header.Get("RateLimit"), fmt.Sprintf(`, "credits";r=%d;t=`, left), row.quality)
		}
	}

	for _, credential := range [][]string{apiKey(service.APIKey), valid} {
		r := c.do(t, "POST", "/mcp", image("ultra_plus"), one, credential)
		require.Equal(t, 403, r.status, r.body)
		assert.JSONEq(t, `{"jsonrpc":"2.0","id":7,"error":{"code":403,"message":"This needs the tier pro or a higher one.","data":{"reason":"tier_denied","tier":"pro"}}}`, r.body)
	}
	for i := range 4 {
		r := c.do(t, "POST", "/mcp", image("ultra"), one, valid)
		require.Equal(t, 200, r.status, r.body)
		require.Contains(t, r.header.Get("RateLimit"), fmt.Sprintf(`, "credits";r=%d;t=`, 75-25*i), "what was refused has cost nothing")
	}
	r := c.do(t, "POST", "/mcp", image("standard"), one, valid)
	require.Equal(t, 402, r.status)
	assert.Contains(t, r.body, "This costs 5 credits, and credits has 0 of 100 left.")
	assert.Equal(t, 200, c.do(t, "POST", "/mcp", called("search", `{"word":"rook"}`), one, valid).status, "what is free goes on")
}

// What a caller lacks is said: a credential, a scope, a tier; and its list of tools has what
// it may use.
func toolsSayWhatIsMissing(t *testing.T, s *stage) {
	c := s.newCaller(t, client.HTTP1)
	read := []string{"Authorization", "Bearer " + service.ReadToken}

	r := c.do(t, "POST", "/mcp", image("standard"), one)
	require.Equal(t, 401, r.status)
	assert.Contains(t, r.header.Get("Www-Authenticate"), `resource_metadata="http://127.0.0.1:10000/.well-known/oauth-protected-resource/mcp"`)
	r = c.do(t, "POST", "/mcp", image("standard"), one, read)
	require.Equal(t, 403, r.status)
	assert.Contains(t, r.header.Get("Www-Authenticate"), `error="insufficient_scope", scope="generate"`)
	r = c.do(t, "POST", "/mcp", called("notes_delete", "{}"), one, valid)
	require.Equal(t, 403, r.status)
	assert.Contains(t, r.body, `"reason":"tier_denied"`)

	for _, row := range []struct {
		credential []string
		tools      []string
	}{
		{read, []string{"add", "echo", "search", "server_time"}},
		{valid, []string{"add", "echo", "image_generate", "search", "server_time", "slow"}},
		{apiKey(service.BobsKey), []string{"add", "echo", "image_generate", "notes_delete", "search", "server_time", "slow"}},
	} {
		r := c.do(t, "POST", "/mcp", `{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, one, row.credential)
		require.Equal(t, 200, r.status, r.body)
		assert.Equal(t, row.tools, namesIn(t, r.body))
		assert.Equal(t, len(row.tools), strings.Count(r.body, `"_meta":{"io.github.gatewarden/price":{"unit":"credits","cost":`), r.body)
	}
}

// A session in a browser begins at the login form. The filter knows nobody by a cookie, and
// counts its requests for the address; wrong cookies are failures.
func toolsBesideASession(t *testing.T, s *stage) {
	c := s.newCaller(t, client.HTTP1)
	r := c.do(t, "POST", "/login", "user="+service.User+"&password="+service.Password, form)
	require.Equal(t, 204, r.status)
	cookie := r.header.Get("Set-Cookie")
	require.Contains(t, cookie, "session=")
	r = c.get(t, "/api/v1/whoami", []string{"Cookie", cookie})
	require.Equal(t, 200, r.status)
	assert.JSONEq(t, `{"user":"alice"}`, r.body)
	requireLeft(t, r, "plan", 20, 19)
	failures := s.metric(t, "gatewarden_auth_failures_total", "surface=rest")
	require.Equal(t, 401, c.get(t, "/api/v1/items", []string{"Cookie", "session=guess"}).status)
	within(t, 5*time.Second, "the wrong cookie to count", func() bool {
		return s.metric(t, "gatewarden_auth_failures_total", "surface=rest") == failures+1
	})
}

// namesIn returns the names of a list of tools.
func namesIn(t *testing.T, body string) (names []string) {
	t.Helper()
	var answer struct {
		Result struct{ Tools []struct{ Name string } }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
	for _, tool := range answer.Result.Tools {
		names = append(names, tool.Name)
	}
	return names
}
