package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// The listeners of [standard] that have a shipped example as it is are called like
// it; those below have one with a change.
const (
	tiers   = "tiers"
	classes = "classes"
	byUser  = "by-user"
	byToken = "by-token"

	tiersSoon   = "tiers-soon"  // windows of three seconds
	tiersEpoch  = "tiers-epoch" // X-RateLimit-Reset as time of day, and nobody behind it
	tiersOff    = "tiers-off"   // no X-RateLimit headers
	classesOpen = "classes-open"
	byTokenOpen = "by-token-open" // no lockout comes before the quotas
)

// withExamples adds the listeners of the examples.
func withExamples(s *stage) error {
	const withoutLockout = `$1, "lockout": {"failures": 0}}`
	surface := `("kind": "(?:api|mcp)", "match": \[.*\])}`
	return errors.Join(
		s.bootstrap.AddCluster("nowhere", "127.0.0.1:1"),
		s.addExample(tiers, tiers, nil),
		s.addExample(classes, classes, nil),
		s.addExample(byUser, byUser, nil),
		s.addExample(byToken, byToken, nil),
		s.addExample(tiersSoon, tiers, nil, `"window": "1m"`, `"window": "3s"`),
		s.addExample(tiersEpoch, tiers, toNowhere, `"quotas"`, `"headers": {"x_ratelimit": "epoch"}, $0`),
		s.addExample(tiersOff, tiers, nil, `"quotas"`, `"headers": {"x_ratelimit": "off"}, $0`),
		s.addExample(classesOpen, classes, nil, surface, withoutLockout),
		s.addExample(byTokenOpen, byToken, nil, surface, withoutLockout))
}

// addExample adds a listener with an example of the repository in which patterns
// were replaced: each has to be there, or the example is no longer what it was.
func (s *stage) addExample(listener, example string, edit func(*envoy.Bootstrap) error, replace ...string) error {
	read, err := os.ReadFile(filepath.Join(root, "examples", example+".json"))
	if err != nil {
		return err
	}
	text := string(read)
	for i := 0; i < len(replace); i += 2 {
		pattern := regexp.MustCompile(replace[i])
		if !pattern.MatchString(text) {
			return fmt.Errorf("%s.json has no %s", example, replace[i])
		}
		text = pattern.ReplaceAllString(text, replace[i+1])
	}
	return withListener(listener, text, edit)(s)
}

// toNowhere leads all routes to a port without a listener.
func toNowhere(b *envoy.Bootstrap) error {
	routes, ok := b.HCM["route_config"].(envoy.Object)["virtual_hosts"].([]any)[0].(envoy.Object)["routes"].([]any)
	if !ok {
		return errors.New("envoy.yaml has no routes")
	}
	for _, route := range routes {
		route.(envoy.Object)["route"].(envoy.Object)["cluster"] = "nowhere"
	}
	return nil
}

// rate is what a response tells about the rule that bounds most.
type rate struct {
	rule               string
	limit, left, reset int
}

var rateLimit = regexp.MustCompile(`^"([a-z0-9-]+)";r=(\d+);t=(\d+)$`)

// rateOf reads the headers of a response and requires that they agree with each
// other.
func rateOf(t *testing.T, r reply) rate {
	t.Helper()
	said := rateLimit.FindStringSubmatch(r.header.Get("RateLimit"))
	require.NotNil(t, said, "%d with RateLimit: %q", r.status, r.header.Get("RateLimit"))
	told := rate{
		rule: said[1], limit: number(t, r, "X-RateLimit-Limit"), left: number(t, r, "X-RateLimit-Remaining"), reset: number(t, r, "X-RateLimit-Reset"),
	}
	require.Equal(t, said[2:], []string{strconv.Itoa(told.left), strconv.Itoa(told.reset)})
	require.Contains(t, r.header.Get("RateLimit-Policy"), fmt.Sprintf("%q;q=%d;w=", told.rule, told.limit))
	return told
}

func number(t *testing.T, r reply, header string) int {
	t.Helper()
	n, err := strconv.Atoi(r.header.Get(header))
	require.NoError(t, err, "%d with %s: %q", r.status, header, r.header.Get(header))
	return n
}

// requireLeft requires that a response has a rule and its remaining allowance.
func requireLeft(t *testing.T, r reply, rule string, limit, left int) {
	t.Helper()
	told := rateOf(t, r)
	require.Equal(t, rate{rule, limit, left, told.reset}, told, "%d", r.status)
	require.Positive(t, told.reset)
}

// requireOver requires a refusal by a rule.
func requireOver(t *testing.T, r reply, rule string, limit int) {
	t.Helper()
	require.Equal(t, 429, r.status, r.body)
	requireLeft(t, r, rule, limit, 0)
	wait := number(t, r, "Retry-After")
	require.GreaterOrEqual(t, wait, rateOf(t, r).reset)
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") && r.body != "" {
		require.Contains(t, r.body, fmt.Sprintf(`"detail":"Rate limit exceeded. Try again in %d seconds."`, wait))
	}
}

// admitted sends n requests, several at once, and returns how many were not
// refused. send is told which one to send.
func admitted(t *testing.T, n int, send func(i int) (reply, error)) int {
	t.Helper()
	var next atomic.Int64
	return n - flood(t, n, func() (reply, error) { return send(int(next.Add(1))) })[429]
}

// with sends a request with headers given as "Name: value", one line for each, also
// where several have one name.
func (c *caller) with(method, path, body string, headers ...string) (reply, error) {
	request, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header[http.CanonicalHeaderKey(name)] = append(request.Header[http.CanonicalHeaderKey(name)], value)
	}
	return c.send(request)
}
