package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// guarded is what the operations endpoint of these tests shows: clients are named by
// X-Forwarded-For, so that one machine can be thousands.
var guarded = configuration(map[string]string{
	"rest": `{"failures": 3, "window": "5m", "wide": {"failures": 2000}, "stuffing": {"credentials": 5, "action": "lock"},
		"keys": [{"per": ["account"], "failures": 4, "window": "10m", "action": "lock"}]}`,
}, `"client": {"source": "xff", "trusted_proxies": ["127.0.0.0/8"]}`)

// office is a stage with an operations endpoint.
type office struct {
	*stage
	operations string // its address, host:port
	token      string
	caller     *caller // who is on call
	client     *caller // through which everybody else comes
}

func openOffice(t *testing.T, options ...option) *office {
	t.Helper()
	o := &office{token: rand.Text()}
	hash := sha256.Sum256([]byte(o.token))
	o.stage = start(t, guarded, append([]option{withBootstrap(func(b *envoy.Bootstrap) error {
		return b.Operations(hex.EncodeToString(hash[:]))
	})}, options...)...)
	var err error
	o.operations, err = o.envoy.ListenerAddress(t.Context(), envoy.OperationsListener)
	require.NoError(t, err)
	o.client = o.newCaller(t, client.HTTP1)
	o.caller = o.newCaller(t, client.HTTP1)
	o.caller.base = "http://" + o.operations
	return o
}

func (o *office) bearer() []string { return []string{"Authorization", "Bearer " + o.token} }

// lockOut makes a client fail until it is locked out.
func (o *office) lockOut(t *testing.T, address string) {
	t.Helper()
	for range 3 {
		require.Equal(t, 401, o.client.get(t, "/api/v1/items", wrong, forwarded(address)).status)
	}
}

// listing is the answer of GET /lockouts.
type listing struct {
	Complete bool
	Surfaces []struct{ Name string }
	Lockouts []struct {
		ID, Surface, What          string
		Client, Subject, Since, By *string
		Until                      time.Time
		SecondsLeft                int `json:"seconds_left"`
		Failures                   int
		Enforced                   bool
	}
}

func (o *office) list(t *testing.T, query string) (l listing) {
	t.Helper()
	r := o.caller.get(t, "/lockouts"+query, o.bearer())
	require.Equal(t, 200, r.status, r.body)
	require.NoError(t, json.Unmarshal([]byte(r.body), &l), r.body)
	return l
}

// statuses are what a client gets over connections of its own, which go to all workers.
func (o *office) statuses(t *testing.T, address string) map[int]int {
	t.Helper()
	counts := map[int]int{}
	for range 16 * o.workers {
		c := o.callerFrom(t, o.client.address, client.HTTP1)
		counts[c.get(t, "/api/v1/items", valid, forwarded(address)).status]++
		c.http.CloseIdleConnections()
	}
	return counts
}

func TestOperatorsSeeAndChangeLockouts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	all := 16 * o.workers
	o.lockOut(t, "192.0.2.7")
	l := o.list(t, "")
	require.Len(t, l.Lockouts, 1)
	one := l.Lockouts[0]
	assert.True(t, l.Complete)
	assert.Equal(t, []any{"rest", "client", "192.0.2.7", 3, true}, []any{one.Surface, one.What, *one.Client, one.Failures, one.Enforced})
	assert.Nil(t, one.By)
	assert.InDelta(t, 300, one.SecondsLeft, 30)
	assert.WithinDuration(t, time.Now().Add(5*time.Minute), one.Until, 30*time.Second)
	assert.Equal(t, map[int]int{429: all}, o.statuses(t, "192.0.2.7"))

	assert.Equal(t, 204, o.caller.do(t, "DELETE", "/lockouts/"+one.ID, "", o.bearer()).status)
	assert.Equal(t, map[int]int{200: all}, o.statuses(t, "192.0.2.7"), "every worker lets it in")
	assert.Empty(t, o.list(t, "").Lockouts)
	assert.Equal(t, 404, o.caller.do(t, "DELETE", "/lockouts/"+one.ID, "", o.bearer()).status)

	made := o.caller.do(t, "POST", "/lockouts?surface=rest&client=2001:db8::7&duration=10m", "", o.bearer())
	require.Equal(t, 201, made.status, made.body)
	assert.Equal(t, map[int]int{429: all}, o.statuses(t, "2001:db8::8"), "the network is one client")
	l = o.list(t, "?client=2001:db8::9")
	require.Len(t, l.Lockouts, 1)
	assert.Equal(t, []string{"2001:db8::/64", "me"}, []string{*l.Lockouts[0].Client, *l.Lockouts[0].By})
	assert.Equal(t, 200, o.caller.do(t, "POST", "/lockouts?surface=rest&client=2001:db8::7&duration=1s", "", o.bearer()).status)
	assert.Greater(t, o.list(t, "").Lockouts[0].SecondsLeft, 500, "no shorter than before")
	assert.Equal(t, 204, o.caller.do(t, "DELETE", made.header.Get("Location"), "", o.bearer()).status)
	assert.Equal(t, map[int]int{200: all}, o.statuses(t, "2001:db8::7"))

	assert.Contains(t, o.envoy.Log.String(), "gatewarden: operator unlock surface=rest client=192.0.2.7 by=me")
	assert.Contains(t, o.envoy.Log.String(), "gatewarden: operator lockout surface=rest client=2001:db8::/64 locked_for=600 by=me")
	assert.NotContains(t, o.envoy.Log.String(), o.token)
	for operation, times := range map[string]float64{"unlock": 2, "lock": 2, "list": 4, "denied": 0} {
		o.awaitMetric(t, times, "gatewarden_operations_total", "operation="+operation)
	}
}

// TestOperationsEndpointKeepsStrangersOut: what a foreign page, or a client without a
// token, can send.
func TestOperationsEndpointKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for _, row := range []struct {
		name, method, path string
		headers            [][]string
		status             int
	}{
		{"the page needs no token", "GET", "/", nil, 200},
		{"nor its head", "HEAD", "/", nil, 200},
		{"a link elsewhere leads to the page", "GET", "/", [][]string{{"Sec-Fetch-Site", "cross-site"}}, 200},
		{"the list", "GET", "/lockouts", [][]string{o.bearer()}, 200},
		{"its head", "HEAD", "/lockouts", [][]string{o.bearer()}, 200},
		{"no token", "GET", "/lockouts", nil, 401},
		{"a wrong token", "GET", "/lockouts", [][]string{{"Authorization", "Bearer " + strings.ToLower(o.token)}}, 401},
		{"part of the token", "GET", "/lockouts", [][]string{{"Authorization", "Bearer " + o.token[:25]}}, 401},
		{"another scheme", "GET", "/lockouts", [][]string{{"Authorization", "Basic " + o.token}}, 401},
		{"an empty token", "GET", "/lockouts", [][]string{{"Authorization", "Bearer "}}, 401},
		{"a wrong token that unlocks", "DELETE", "/lockouts/" + strings.Repeat("0", 34), [][]string{wrong}, 401},
		{"a wrong token that locks", "POST", "/lockouts?surface=rest&client=192.0.2.1", [][]string{wrong}, 401},
		{"the page's own origin", "GET", "/lockouts", [][]string{o.bearer(), {"Origin", "http://" + o.operations, "Sec-Fetch-Site", "same-origin"}}, 200},
		{"a page elsewhere", "GET", "/lockouts", [][]string{o.bearer(), {"Origin", "https://evil.example"}}, 403},
		{"one without an origin", "GET", "/lockouts", [][]string{o.bearer(), {"Origin", "null"}}, 403},
		{"another port of this machine", "POST", "/lockouts?surface=rest&client=192.0.2.1", [][]string{o.bearer(), {"Origin", "http://127.0.0.1:1"}}, 403},
		{"an embedded request", "GET", "/lockouts", [][]string{o.bearer(), {"Sec-Fetch-Site", "cross-site"}}, 403},
		{"one from a sibling", "GET", "/lockouts", [][]string{o.bearer(), {"Sec-Fetch-Site", "same-site"}}, 403},
		{"preflight", "OPTIONS", "/lockouts", [][]string{{"Access-Control-Request-Method", "GET"}}, 405},
		{"a method that is not there", "PATCH", "/lockouts", [][]string{o.bearer()}, 405},
		{"a lockout is not read", "GET", "/lockouts/1", [][]string{o.bearer()}, 405},
		{"a path that is not there", "GET", "/metrics", [][]string{o.bearer()}, 404},
		{"not an id", "DELETE", "/lockouts/..", [][]string{o.bearer()}, 400},
		{"an unknown surface", "POST", "/lockouts?surface=x&client=192.0.2.1", [][]string{o.bearer()}, 400},
		{"not a client", "POST", "/lockouts?surface=rest&client=%3Cscript%3E", [][]string{o.bearer()}, 400},
		{"for too long", "POST", "/lockouts?surface=rest&client=192.0.2.1&duration=31d", [][]string{o.bearer()}, 400},
		{"an unknown parameter", "GET", "/lockouts?surfaces=rest", [][]string{o.bearer()}, 400},
	} {
		r := o.caller.do(t, row.method, row.path, "", row.headers...)
		assert.Equal(t, row.status, r.status, "%s: %s", row.name, r.body)
		for name, value := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			assert.Equal(t, value, r.header.Get(name), "%s: %s", row.name, name)
		}
		assert.Contains(t, r.header.Get("Content-Security-Policy"), "default-src 'none'; connect-src 'self'", row.name)
		assert.NotContains(t, r.body, "<script>alert", row.name)
	}
	assert.Empty(t, o.list(t, "").Lockouts, "nothing was locked")
	for host, status := range map[string]int{
		"127.0.0.1:9902": 200, "localhost": 200, "[::1]:9902": 200, "evil.example": 421, "127.0.0.1.evil.example:9902": 421, "localhost.evil.example": 421,
	} {
		request, err := http.NewRequest(http.MethodGet, o.caller.base+"/lockouts", nil)
		require.NoError(t, err)
		request.Host = host
		request.Header.Set("Authorization", "Bearer "+o.token)
		r, err := o.caller.send(request)
		require.NoError(t, err)
		assert.Equal(t, status, r.status, host)
	}
	assert.Equal(t, 404, o.client.get(t, "/lockouts", o.bearer()).status, "the public listener has no such thing")
}

// TestAThousandLockouts: all of them are listed, also from a VM of its own: shared data
// goes by the vm_id alone.
func TestAThousandLockouts(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	apart := openOffice(t, withBootstrap(func(b *envoy.Bootstrap) error {
		vm := maps.Clone(b.Plugin["vm_config"].(envoy.Object))
		vm["configuration"] = envoy.Object{"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "apart"}
		b.Plugin["vm_config"] = vm
		return nil
	}))
	apart.lockOut(t, "192.0.2.1")
	assert.Len(t, apart.list(t, "").Lockouts, 1)
	const many = 1000
	o.lockThousand(t, many)
	began := time.Now()
	l := o.list(t, "")
	t.Logf("listed in %v", time.Since(began))
	assert.Len(t, l.Lockouts, many)
	assert.True(t, l.Complete)
	names := map[string]bool{}
	for _, one := range l.Lockouts {
		names[*one.Client] = true
	}
	assert.Len(t, names, many)
}

func (o *office) lockThousand(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		o.lockOut(t, fmt.Sprintf("198.18.%d.%d", i/250, i%250+1))
	}
}
