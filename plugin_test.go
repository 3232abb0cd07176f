//go:build !wasip1

package main

import (
	"cmp"
	"log"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"github.com/gatewarden/gatewarden/internal/sdkhost"
)

// These tests run the plugin in the SDK's emulator of a proxy: its contexts as Go code,
// called by the SDK's own dispatch. All scenarios, in Wasm and with a host that is held
// to Envoy's behaviour, are in internal/wasmhost/scenario.
//
// Where the emulator differs from Envoy, and what is done about it:
//   - It has no clock, no environment and no random numbers: sdkhost.Host brings them.
//   - It has one plugin context for each emulator, and one emulator at a time: worker
//     contexts share it, see workers.
//   - It shows a local reply to nobody. Envoy passes it through the response callbacks
//     of the filter that sent it.
//   - It leaves the status of an answer to gRPC. Envoy makes it 200.
//   - The SDK cannot send the details of a local reply, so they are not looked at.
//   - It keeps one set of properties for all streams: each request sets its address.
//   - Only the action 1 makes it hold a body; of 2 and 4 it knows nothing.
//   - Its shared data takes CAS 0 for a version, Envoy for "write in any case". The table
//     never writes so.
//   - It appends a value to the header that is there, and removes one line alone:
//     sdkhost replaces all headers instead.
//   - It panics where a plugin that refused its configuration gets a stream.
//   - It gives up the response to a call whose stream has ended. Envoy delivers it.

// world is an emulator with the plugin in it.
type world struct {
	proxytest.HostEmulator
	t       *testing.T
	now     time.Time
	workers *workers
	status  types.OnPluginStartStatus
}

// start starts a worker for each configuration, and fails if one is refused.
func start(t *testing.T, configurations ...string) *world {
	t.Helper()
	w := startIn(t, nil, configurations...)
	if w.status != types.OnPluginStartStatusOK {
		t.Fatal(w.GetErrorLogs())
	}
	return w
}

// startIn starts workers in an environment.
func startIn(t *testing.T, env []string, configurations ...string) *world {
	t.Helper()
	return startOn(t, func(h host) host { return h }, env, configurations...)
}

// startOn starts workers on a changed host.
func startOn(t *testing.T, change func(host) host, env []string, configurations ...string) *world {
	t.Helper()
	w := &world{t: t, now: time.Unix(1_800_000_000, 0), workers: &workers{}}
	for i, json := range configurations {
		host := &sdkhost.Host{
			Clock: func() time.Time { return w.now }, Env: env, Seed: []byte{byte(i + 1)},
		}
		w.workers.vms = append(w.workers.vms, host.Responding(newVMContext(change(configured{host, json}))))
		w.workers.sizes = append(w.workers.sizes, len(json))
	}
	// What the emulator hands out is read where one worker has it for itself.
	option := proxytest.NewEmulatorOption().WithVMContext(w.workers).WithPluginConfiguration([]byte(configurations[0]))
	log.SetOutput(t.Output()) // the emulator's
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	var reset func()
	w.HostEmulator, reset = proxytest.NewHostEmulator(option)
	t.Cleanup(reset)
	if !w.StartVM() {
		t.Fatal("the VM does not start")
	}
	w.status = w.StartPlugin()
	return w
}

// configured is a host with a configuration of its own.
type configured struct {
	*sdkhost.Host
	json string
}

func (c configured) Configuration(size int) []byte {
	if b := c.Host.Configuration(size); string(b) == c.json {
		return b
	}
	return []byte(c.json)
}

// workers share the one plugin context of the emulator, as if each were that of a VM of
// its own. New streams are given to the one that serves.
type workers struct {
	types.DefaultVMContext
	types.DefaultPluginContext
	vms      []types.VMContext
	sizes    []int
	contexts []types.PluginContext
	serving  int
}

func (w *workers) NewPluginContext(id uint32) types.PluginContext {
	for _, vm := range w.vms {
		w.contexts = append(w.contexts, vm.NewPluginContext(id))
	}
	return w
}

func (w *workers) OnPluginStart(int) types.OnPluginStartStatus {
	status := types.OnPluginStartStatusOK
	for i, p := range w.contexts {
		status = status && p.OnPluginStart(w.sizes[i])
	}
	return status
}

func (w *workers) OnPluginDone() bool {
	done := true
	for _, p := range w.contexts {
		done = p.OnPluginDone() && done
	}
	return done
}

func (w *workers) OnTick() {
	for _, p := range w.contexts {
		p.OnTick()
	}
}

func (w *workers) NewHttpContext(id uint32) types.HttpContext {
	return w.contexts[w.serving].NewHttpContext(id)
}

// request is what a client sends, and what the service answers.
type request struct {
	worker       int
	method, path string
	from         string // 192.0.2.1 if empty
	host         string // api.example.com if empty
	headers      [][2]string
	body         string
	ends         [][2]string // its trailers
	status       int         // of the service
	answer       [][2]string
	says         string      // the body of the answer
	trailers     [][2]string // its trailers
}

// response is what comes of it.
type response struct {
	status  int
	reached bool // the service has got it
	grpc    int32
	headers [][2]string
	body    string
}

func (r response) values(name string) []string {
	var values []string
	for _, h := range r.headers {
		if h[0] == name {
			values = append(values, h[1])
		}
	}
	return values
}

func get(path, token string, status int) request {
	return request{method: "GET", path: path, headers: [][2]string{{"authorization", "Bearer " + token}}, status: status}
}

// begin sends a request as far as the service, or until the filter holds it.
func (w *world) begin(r request) (stream uint32, action types.Action) {
	w.t.Helper()
	address, host := cmp.Or(r.from, "192.0.2.1"), cmp.Or(r.host, "api.example.com")
	if err := w.SetProperty([]string{"source", "address"}, []byte(address+":1234")); err != nil {
		w.t.Fatal(err)
	}
	w.workers.serving = r.worker
	stream = w.InitializeHttpContext()
	headers := [][2]string{{":method", r.method}, {":path", r.path}, {":authority", host}, {":scheme", "https"}}
	action = w.CallOnRequestHeaders(stream, append(headers, r.headers...), r.body == "")
	if r.body != "" && w.GetSentLocalResponse(stream) == nil {
		action = w.CallOnRequestBody(stream, []byte(r.body), r.ends == nil)
	}
	if r.ends != nil && w.GetSentLocalResponse(stream) == nil {
		action = w.CallOnRequestTrailers(stream, r.ends)
	}
	return stream, action
}

// finish lets the service answer, unless the filter has done so.
func (w *world) finish(stream uint32, r request) response {
	w.t.Helper()
	defer w.CompleteHttpContext(stream)
	if local := w.GetSentLocalResponse(stream); local != nil {
		if w.GetCurrentHttpStreamAction(stream) == types.ActionContinue {
			w.t.Error("a request is answered and goes on")
		}
		return response{status: int(local.StatusCode), grpc: local.GRPCStatus, headers: local.Headers, body: string(local.Data)}
	}
	if action := w.GetCurrentHttpStreamAction(stream); action != types.ActionContinue {
		w.t.Fatalf("the request is held by action %d", action)
	}
	headers := append([][2]string{{":status", strconv.Itoa(r.status)}}, r.answer...)
	actions := []types.Action{w.CallOnResponseHeaders(stream, headers, r.says == "" && r.trailers == nil)}
	if r.says != "" {
		actions = append(actions, w.CallOnResponseBody(stream, []byte(r.says), r.trailers == nil))
	}
	if r.trailers != nil {
		actions = append(actions, w.CallOnResponseTrailers(stream, r.trailers))
	}
	if slices.ContainsFunc(actions, func(a types.Action) bool { return a != types.ActionContinue }) {
		w.t.Errorf("the response is held: actions %d", actions)
	}
	return response{status: r.status, reached: true, headers: w.GetCurrentResponseHeaders(stream)}
}

func (w *world) do(r request) response {
	w.t.Helper()
	stream, _ := w.begin(r)
	return w.finish(stream, r)
}

// step is a request after some time, and what must come of it.
type step struct {
	note    string
	after   time.Duration
	send    request
	times   int // 1 if 0
	refused int // status of a refusal; 0: the service answers
	grpc    int32
	headers map[string][]string
	body    string
}

func (w *world) play(steps []step) {
	w.t.Helper()
	for i, s := range steps {
		w.now = w.now.Add(s.after)
		for range max(s.times, 1) {
			got := w.do(s.send)
			want := response{status: s.send.status, reached: true}
			if s.refused != 0 {
				want = response{status: s.refused}
			}
			if got.status != want.status || got.reached != want.reached {
				w.t.Fatalf("step %d, %s: status %d, reached the service %v, want %d, %v", i+1, s.note, got.status, got.reached, want.status, want.reached)
			}
			for _, name := range slices.Sorted(maps.Keys(s.headers)) {
				if values := got.values(name); !slices.Equal(values, s.headers[name]) {
					w.t.Errorf("step %d, %s: %s %q, want %q", i+1, s.note, name, values, s.headers[name])
				}
			}
			if s.grpc != 0 && got.grpc != s.grpc {
				w.t.Errorf("step %d, %s: grpc-status %d, want %d", i+1, s.note, got.grpc, s.grpc)
			}
			if s.body != "" && got.body != s.body {
				w.t.Errorf("step %d, %s: body %s\nwant %s", i+1, s.note, got.body, s.body)
			}
		}
	}
}

func seconds(n string) map[string][]string { return map[string][]string{"retry-after": {n}} }

// counters compares counters in the emulator with those wanted.
func (w *world) counters(want map[string]uint64) {
	w.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, err := w.GetCounterMetric(name); err != nil || got != want[name] {
			w.t.Errorf("%s = %d (%v), want %d", name, got, err, want[name])
		}
	}
}

func TestLockoutToTheSecond(t *testing.T) {
	w := start(t, "")
	guess, good := get("/api/v1/items", "bad", 401), get("/api/v1/items", "good", 200)
	w.play([]step{
		{note: "20 guesses reach the service", send: guess, times: 20},
		{note: "the 21st does not", send: guess, refused: 429, headers: map[string][]string{
			"retry-after": {"60"}, "cache-control": {"no-store"}, "content-type": {"application/problem+json"},
			"ratelimit": {`"lockout-rest";r=0;t=60`},
		}, body: `{"type":"https://iana.org/assignments/http-problem-types#abnormal-usage-detected","title":"Abnormal usage detected","status":429,` +
			`"detail":"Too many failed authentications. Try again in 60 seconds.","violated-policies":["lockout-rest"]}`},
		{note: "nor does a valid credential", send: good, refused: 429, headers: seconds("60")},
		{note: "another client does", send: request{method: "GET", path: "/api/v1/items", from: "192.0.2.2", headers: good.headers, status: 200}},
		{note: "it counts down", send: good, after: time.Second, refused: 429, headers: seconds("59")},
		{note: "half a second rounds up", send: good, after: 500 * time.Millisecond, refused: 429, headers: seconds("59")},
		{note: "to the last", send: good, after: 58*time.Second + 499*time.Millisecond, refused: 429, headers: seconds("1")},
		{note: "and ends at that moment", send: good, after: time.Millisecond},
		{note: "with the whole allowance", send: guess, times: 20},
		{note: "of the same size", send: guess, refused: 429, headers: seconds("60")},
	})
}

// Where a failure is told by the body or the trailers, these callbacks count it, and where
// the refusal needs the request's id, it waits for the request's body.
func TestBodiesAndTrailersAreRead(t *testing.T) {
	grant := request{method: "POST", path: "/oauth/token", status: 400, answer: [][2]string{{"content-type", "application/json"}}, says: `{"error":"invalid_grant"}`}
	rpc := request{method: "POST", path: "/mcp", headers: [][2]string{{"authorization", "Bearer bad"}, {"content-type", "application/json"}},
		body: `{"jsonrpc":"2.0","id":"7a","method":"tools/list"}`, status: 401}
	call := request{method: "POST", path: "/api/v1.Service/Method", headers: [][2]string{{"authorization", "Bearer bad"}, {"content-type", "application/grpc"}},
		body: "\x00\x00\x00\x00\x00", status: 200, answer: [][2]string{{"content-type", "application/grpc"}}, says: "-", trailers: [][2]string{{"grpc-status", "16"}}}
	w := start(t, `{"allow_on_headers_stop_iteration": true, "surfaces": [
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/oauth/token"}], "lockout": {"failures": 2}},
		{"name": "mcp", "kind": "mcp", "match": [{"path": "/mcp"}], "lockout": {"failures": 2}},
		{"name": "rpc", "kind": "api", "match": [{"prefix": "/api/v1.Service"}], "lockout": {"failures": 2}}]}`)
	pending, ended := grant, rpc
	pending.says = `{"error":"authorization_pending"}`
	ended.ends = [][2]string{{"x-end", "1"}}
	w.play([]step{
		{note: "no failure", send: pending, times: 3},
		{note: "a token error", send: grant, times: 2},
		{note: "locked", send: grant, refused: 429},
		{note: "MCP", send: rpc, times: 2},
		{note: "with the request's id", send: rpc, refused: 429, headers: map[string][]string{"content-type": {"application/json"}},
			body: `{"jsonrpc":"2.0","id":"7a","error":{"code":429,"message":"Too many failed authentications. Try again in 60 seconds.","data":{"reason":"locked_out","retryAfter":60}}}`},
		{note: "with it, whatever ends the body", send: ended, refused: 429,
			body: `{"jsonrpc":"2.0","id":"7a","error":{"code":429,"message":"Too many failed authentications. Try again in 60 seconds.","data":{"reason":"locked_out","retryAfter":60}}}`},
		{note: "gRPC", send: call, times: 2},
		{note: "as gRPC is told", send: call, refused: 429, grpc: 8},
	})
}

func TestEnvironmentOverridesTheConfiguration(t *testing.T) {
	w := startIn(t, []string{"RATE_LIMIT_CONSENT_FAILURES=2"}, "")
	consent := request{method: "POST", path: "/oauth/authorize", status: 401}
	w.play([]step{{send: consent, times: 2}, {send: consent, refused: 429, headers: seconds("300")}})
}

func TestChallengeIsMergedOnA401(t *testing.T) {
	w := start(t, `{"oauth": {"resource": "https://api.example.com/mcp", "authorization_servers": ["https://auth.example.com"],
		"scopes_supported": ["mcp:query"], "realm": "mcp", "challenge_scope": ["mcp:query"]}}`)
	const metadata = `resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"`
	for _, row := range []struct {
		note   string
		status int
		lines  []string
		want   []string
	}{
		{"none", 401, nil, []string{`Bearer realm="mcp", scope="mcp:query", ` + metadata}},
		{"merged", 401, []string{`Bearer realm="r", error="invalid_token"`}, []string{`Bearer realm="r", error="invalid_token", scope="mcp:query", ` + metadata}},
		{"others stay", 401, []string{`Basic realm="x"`, `Bearer realm="y"`}, []string{`Bearer realm="y", scope="mcp:query", ` + metadata, `Basic realm="x"`}},
		{"not on a 403", 403, nil, nil},
	} {
		r := request{method: "POST", path: "/mcp", status: row.status}
		for _, line := range row.lines {
			r.answer = append(r.answer, [2]string{"www-authenticate", line})
		}
		if got := w.do(r).values("www-authenticate"); !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", row.note, got, row.want)
		}
	}
	w.play([]step{{note: "metadata", send: request{method: "GET", path: "/.well-known/oauth-protected-resource/mcp"}, refused: 200,
		headers: map[string][]string{"content-type": {"application/json"}},
		body:    `{"resource":"https://api.example.com/mcp","authorization_servers":["https://auth.example.com"],"scopes_supported":["mcp:query"],"bearer_methods_supported":["header"]}`}})
}

func TestQuotaHeaders(t *testing.T) {
	w := start(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}]}],
		"quotas": [{"name": "plan", "per": ["client"], "limit": 2, "window": "1m"}]}`)
	left := func(r, t string) map[string][]string {
		return map[string][]string{
			"ratelimit": {`"plan";r=` + r + `;t=` + t}, "x-ratelimit-limit": {"2"}, "x-ratelimit-remaining": {r}, "x-ratelimit-reset": {t},
		}
	}
	ask := get("/api/v1/x", "t", 200)
	over := left("0", "50")
	over["retry-after"] = []string{"50"}
	w.play([]step{
		{note: "first", send: ask, headers: left("1", "60")},
		{note: "last", after: 10 * time.Second, send: ask, headers: left("0", "50")},
		{note: "over", send: ask, refused: 429, headers: over},
		{note: "elsewhere", send: get("/healthz", "t", 200), headers: map[string][]string{"ratelimit": nil}},
		{note: "next window", after: 50 * time.Second, send: ask, headers: left("1", "60")},
	})
}

func TestRefusedConfiguration(t *testing.T) {
	w := startIn(t, nil, `{"table": {"clients": "many"}, "colour": 1}`)
	if w.status != types.OnPluginStartStatusFailed {
		t.Error("the plugin starts")
	}
	lines := strings.Join(w.GetErrorLogs(), "\n")
	for _, want := range []string{"gatewarden: configuration refused:\n", "table.clients: ", "colour: "} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in %q", want, lines)
		}
	}
}

func TestTickHandsOverCounters(t *testing.T) {
	w := start(t, "")
	if w.GetTickPeriod() != 1000 {
		t.Errorf("a tick every %d ms, want 1000", w.GetTickPeriod())
	}
	const (
		failures = "gatewarden_auth_failures_total.surface.rest"
		passed   = "gatewarden_requests_total.surface.rest.outcome.passed"
		refused  = "gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out"
		lockouts = "gatewarden_lockouts_total.surface.rest"
	)
	guess := get("/api/v1", "bad", 401)
	w.play([]step{{send: guess, times: 20}, {send: guess, times: 3, refused: 429}})
	w.counters(map[string]uint64{failures: 0, passed: 0, refused: 0, lockouts: 0})
	w.Tick()
	w.counters(map[string]uint64{failures: 20, passed: 20, refused: 3, lockouts: 1})
	if got, err := w.GetGaugeMetric("gatewarden_table_max_bytes"); err != nil || got == 0 {
		t.Errorf("the size of the table is %d (%v)", got, err)
	}
	w.play([]step{{send: guess, refused: 429}})
	if !w.FinishVM() {
		t.Error("the plugin is not done")
	}
	w.counters(map[string]uint64{failures: 20, refused: 4})
}

func TestIntrospectionResumesTheRequest(t *testing.T) {
	w := start(t, `{"surfaces": [{"name": "gate", "kind": "api", "match": [{"path": "/gate"}], "require": true}],
		"identity": [{"source": "introspection", "endpoint": {"cluster": "auth", "url": "http://auth.example.com/introspect",
			"client_id": "gateway", "client_secret": "secret"}}]}`)
	for _, row := range []struct {
		token, said    string
		resumed        bool
		status, called int
	}{
		{"good", `{"active":true,"sub":"alice"}`, true, 200, 1},
		{"good", "", true, 200, 0},
		{"made-up", `{"active":false}`, false, 401, 1},
	} {
		r := get("/gate", row.token, 200)
		stream, action := w.begin(r)
		calls := w.GetCalloutAttributesFromContext(stream)
		if len(calls) != row.called || (action == types.ActionContinue) != (row.called == 0) {
			t.Fatalf("%s: %d calls, action %d, want %d calls", row.token, len(calls), action, row.called)
		}
		for _, call := range calls {
			if call.Upstream != "auth" || !strings.Contains(string(call.Body), "token="+row.token) {
				t.Errorf("%s: a call to %s with %s", row.token, call.Upstream, call.Body)
			}
			w.CallOnHttpCallResponse(call.CalloutID, [][2]string{{":status", "200"}, {"content-type", "application/json"}}, nil, []byte(row.said))
		}
		if resumed := w.GetCurrentHttpStreamAction(stream) == types.ActionContinue; resumed != row.resumed {
			t.Errorf("%s: resumed %v, want %v", row.token, resumed, row.resumed)
		}
		if got := w.finish(stream, r); got.status != row.status || got.reached != row.resumed {
			t.Errorf("%s: status %d, reached the service %v, want %d, %v", row.token, got.status, got.reached, row.status, row.resumed)
		}
	}
}

// Both workers bring a seed of their own, and use that of the first.
func TestWorkersShareTheirCounts(t *testing.T) {
	w := start(t, "", "")
	on := func(worker int, r request) request { r.worker = worker; return r }
	guess := get("/api/v1", "bad", 401)
	w.play([]step{
		{note: "one worker counts", send: on(0, guess), times: 12},
		{note: "the other counts on", send: on(1, guess), times: 8},
		{note: "and refuses", send: on(1, guess), refused: 429, headers: seconds("60")},
		{note: "as does the first", send: on(0, get("/api/v1", "good", 200)), after: time.Second, refused: 429, headers: seconds("59")},
	})
}

// The endpoint for people on call lists a lockout of the worker beside it, and ends it.
func TestOperationsEndpoint(t *testing.T) {
	// The hash is that of "secret".
	w := start(t, "", `{"admin": {"tokens": [{"id": "alice", "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]}}`)
	guess := get("/api/v1", "bad", 401)
	w.play([]step{{send: guess, times: 20}, {send: guess, refused: 429}})
	w.now = w.now.Add(10 * time.Second)
	w.Tick()
	ask := func(method, path, token string) response {
		return w.do(request{worker: 1, method: method, path: path, host: "127.0.0.1:9902", headers: [][2]string{{"authorization", "Bearer " + token}}})
	}
	if got := ask("GET", "/lockouts", "wrong"); got.status != 401 {
		t.Errorf("status %d for a wrong token: %s", got.status, got.body)
	}
	got := ask("GET", "/lockouts", "secret")
	if got.status != 200 || !strings.Contains(got.body, `"client":"192.0.2.1"`) || !strings.Contains(got.body, `"seconds_left":50`) {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	_, id, _ := strings.Cut(got.body, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if got := ask("DELETE", "/lockouts/"+id, "secret"); got.status/100 != 2 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	w.play([]step{{note: "it is over", send: guess}})
	if got := ask("POST", "/lockouts?surface=rest&client=192.0.2.9&duration=30s", "secret"); got.status/100 != 2 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	w.play([]step{{note: "another begins", send: request{method: "GET", path: "/api/v1", from: "192.0.2.9", headers: guess.headers}, refused: 429, headers: seconds("30")}})
}

// Envoy reports calls that it did not send by numbers that nobody knows, and may report
// calls to a plugin that refused its configuration.
func TestOutcomesOfUnknownGRPCCalls(t *testing.T) {
	w := start(t, "")
	for _, c := range append(w.workers.contexts, new(pluginContext)) {
		p, ok := c.(*pluginContext)
		if !ok {
			t.Fatalf("the context is a %T", c)
		}
		p.OnGRPCReceive(7, 100)
		p.OnGRPCClose(8, 14)
	}
	w.play([]step{{send: get("/api/v1", "bad", 401)}})
}

// A stream that is done gives its place to the next.
func TestDoneStreamsHoldNothing(t *testing.T) {
	w := start(t, `{"concurrency": [{"name": "one", "per": "all", "limit": 1}], "surfaces": [{"name": "rest", "kind": "api", "match": [{"path": "/x"}]}]}`)
	ask := get("/x", "t", 200)
	open, _ := w.begin(ask)
	w.play([]step{{note: "beside another", send: ask, refused: 503}})
	if got := w.finish(open, ask); !got.reached {
		t.Errorf("the first is answered with %d", got.status)
	}
	w.play([]step{{note: "after it", send: ask, times: 2}})
}

// Done streams serve again, and no more of them are kept than maxIdle.
func TestStreamsAreReused(t *testing.T) {
	w := start(t, "")
	p := w.workers.contexts[0].(*pluginContext)
	w.play([]step{{send: get("/api/v1", "good", 200), times: 3}})
	if len(p.idle) != 1 {
		t.Errorf("%d idle streams after three requests, one after the other", len(p.idle))
	}
	var open []uint32
	for range maxIdle + 5 {
		stream, _ := w.begin(get("/api/v1", "good", 200))
		open = append(open, stream)
	}
	if len(p.idle) != 0 {
		t.Errorf("%d idle streams while more are open than ever", len(p.idle))
	}
	for _, stream := range open {
		w.CompleteHttpContext(stream)
	}
	if len(p.idle) != maxIdle {
		t.Errorf("%d idle streams after a burst, want %d", len(p.idle), maxIdle)
	}
}
