package e2e

import (
	"context"
	"encoding/base64"
	big "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/contract"
	"github.com/gatewarden/gatewarden/internal/wasmhost/scenario"
)

// TestScenarios plays the scenarios of internal/wasmhost/scenario on a real
// Envoy: those that need no clock set by hand and nothing that a client cannot
// send. Each has shared data of its own, by a vm_id of its own.
func TestScenarios(t *testing.T) {
	t.Parallel()
	upstream, asked := &teller{}, &authorizer{}
	server, auth := httptest.NewServer(upstream), httptest.NewServer(asked)
	called := &grpcServer{}
	grpc := httptest.NewUnstartedServer(called)
	grpc.Config.Protocols = onlyHTTP2()
	grpc.Start()
	t.Cleanup(server.Close)
	t.Cleanup(auth.Close)
	t.Cleanup(grpc.Close)
	s := start(t, "", withWorkers(1), withBootstrap(func(b *envoy.Bootstrap) error {
		return errors.Join(forScenarios(b, strings.TrimPrefix(server.URL, "http://")),
			b.AddCluster(scenario.AuthCluster, strings.TrimPrefix(auth.URL, "http://")),
			addHTTP2(b, scenario.GRPCCluster, strings.TrimPrefix(grpc.URL, "http://")))
	}))
	played := 0
	for i, script := range scenario.All() {
		if !script.Timeless() || script.StandInOnly {
			continue
		}
		played++
		t.Run(script.Name, func(t *testing.T) {
			asked.of.Store(scenario.NewAuthorizer(script))
			called.of.Store(scenario.NewGRPCServer(script, time.Now))
			w := s.world(t, upstream, fmt.Sprintf("scenario-%d", i), script)
			scenario.Run(t, w, script)
		})
	}
	require.Greater(t, played, 15, "scenarios that run on Envoy")
}

// forScenarios lets everything through to the filter as it was sent, and lets a
// test choose its address by X-Forwarded-For and what jwt_authn would have verified
// by another header.
func forScenarios(b *envoy.Bootstrap, upstream string) error {
	for _, field := range []string{
		"normalize_path", "merge_slashes", "path_with_escaped_slashes_action", "common_http_protocol_options",
		"internal_address_config",
	} {
		delete(b.HCM, field)
	}
	b.InsertBefore(envoy.Object{
		"name": "envoy.filters.http.header_to_metadata",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config",
			"request_rules": []any{envoy.Object{"header": claimsHeader, "remove": true, "on_header_present": envoy.Object{
				"metadata_namespace": scenario.JWTAuthn, "key": "payload", "type": "PROTOBUF_VALUE", "encode": "BASE64",
			}}},
		},
	})
	b.HCM["use_remote_address"] = false
	b.HCM["access_log"] = []any{envoy.Object{
		"name": "envoy.access_loggers.stdout",
		"typed_config": envoy.Object{
			"@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
			"log_format": envoy.Object{"json_format": envoy.Object{
				"id": "%REQ(" + idHeader + ")%", "details": "%RESPONSE_CODE_DETAILS%",
				"reason": "%FILTER_STATE(wasm.gatewarden.reason:PLAIN)%",
			}},
		},
	}}
	b.HCM["http_protocol_options"] = envoy.Object{"enable_trailers": true}
	cluster, err := b.Cluster("service")
	if err != nil {
		return err
	}
	const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	cluster["typed_extension_protocol_options"] = envoy.Object{options: envoy.Object{
		"@type":                "type.googleapis.com/" + options,
		"explicit_http_config": envoy.Object{"http_protocol_options": envoy.Object{"enable_trailers": true}},
	}}
	return b.SetEndpoint("service", upstream)
}

// world is a real Envoy as a scenario.World.
type world struct {
	*stage
	t        *testing.T
	upstream *teller
	began    time.Time
	logged   int // lines in Envoy's log when it began
	sent     int // requests
	// hides is scenario.Scenario.HidesBodies: the service may get the headers of a request
	// that is refused.
	hides bool
}

func (s *stage) world(t *testing.T, upstream *teller, vmID string, script scenario.Scenario) *world {
	t.Helper()
	vm, ok := s.bootstrap.Plugin["vm_config"].(envoy.Object)
	require.True(t, ok)
	vm["vm_id"] = vmID
	s.bootstrap.Plugin["allow_on_headers_stop_iteration"] = !script.HidesBodies
	delete(vm, "environment_variables")
	if len(script.Env) > 0 {
		vm["environment_variables"] = envoy.Object{"key_values": script.Env}
	}
	logged := len(s.envoy.Log.Lines("gatewarden: "))
	s.update(t, script.Config)
	return &world{stage: s, t: t, upstream: upstream, began: time.Now(), logged: logged, hides: script.HidesBodies}
}

func (w *world) Do(_ int, send wasmhost.Request, answer wasmhost.Response, meanwhile func()) scenario.Outcome {
	w.t.Helper()
	told, err := json.Marshal(answer)
	require.NoError(w.t, err)
	request := contract.Request{Method: send.Method, Path: send.Path, Host: send.Authority, Headers: send.Headers, Trailers: send.Trailers}
	for _, chunk := range send.Body {
		request.Body += string(chunk)
	}
	address := send.SourceAddress
	if address == "" {
		address = "192.0.2.1:1"
	}
	host, _, err := net.SplitHostPort(address)
	require.NoError(w.t, err)
	request.Headers = append([][2]string{
		{"x-forwarded-for", host}, {tellHeader, base64.StdEncoding.EncodeToString(told)},
	}, request.Headers...)
	w.sent++
	id := fmt.Sprintf("%s-%d", w.t.Name(), w.sent)
	request.Headers = append(request.Headers, [2]string{idHeader, id})
	if verified, ok := send.Metadata[scenario.JWTAuthn].(map[string]any); ok {
		request.Headers = append(request.Headers, [2]string{claimsHeader, encodeValue(w.t, verified["payload"])})
	}
	response, got, reached := w.exchange(id, request, meanwhile)
	outcome := w.outcome(response, reached, strconv.Quote(id))
	outcome.Got = got
	return outcome
}

// exchange sends a request and calls meanwhile when the service has it. It returns
// the headers that the service got, and whether it did.
// longestHold is how long requests wait for others in scenarios.
const longestHold = 2 * time.Second

func (w *world) exchange(id string, request contract.Request, meanwhile func()) (r contract.Response, got [][2]string, reached bool) {
	w.t.Helper()
	v := visit{arrived: make(chan [][2]string, 1), leave: make(chan struct{})}
	w.upstream.visits.Store(id, v)
	answered := make(chan error, 1)
	go func() {
		var err error
		r, err = exchange(w.address, request, hangs+longestHold)
		answered <- err
	}()
	select {
	case got = <-v.arrived:
		func() {
			defer close(v.leave) // even if a step fails the test
			meanwhile()
		}()
		require.NoError(w.t, <-answered)
		return r, got, true
	case err := <-answered:
		require.NoError(w.t, err)
	}
	close(v.leave)
	select {
	case got = <-v.arrived: // just before it was refused
		return r, got, true
	default:
		return r, nil, false
	}
}

// encodeValue writes what a claim is as the protobuf message Value.
func encodeValue(t *testing.T, value any) string {
	t.Helper()
	message, err := structpb.NewValue(value)
	require.NoError(t, err)
	wire, err := proto.Marshal(message)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(wire)
}

func (w *world) outcome(r contract.Response, reached bool, id string) scenario.Outcome {
	w.t.Helper()
	require.False(w.t, r.Hung, "no answer")
	var entry struct{ Reason, Details string }
	if !reached || w.hides { // else the answer is the service's, and the log says nothing new
		var lines []string
		within(w.t, 10*time.Second, "the access log entry", func() bool {
			lines = w.envoy.Access.Lines(id)
			return len(lines) == 1
		})
		require.NoError(w.t, json.Unmarshal([]byte(lines[0]), &entry))
	}
	headers := make([][2]string, 0, len(r.Headers))
	for _, h := range r.Headers {
		headers = append(headers, [2]string{strings.ToLower(h[0]), h[1]})
	}
	return scenario.Outcome{
		Status: r.Status, Headers: headers, Body: r.Body, Reached: reached,
		Reason: entry.Reason, Details: entry.Details,
	}
}

// Slack is more on a machine so busy that the scenario takes longer.
func (w *world) Slack() int { return max(5, seconds(time.Since(w.began))) }

func (*world) Advance(time.Duration) {}

func (*world) Reconfigure(string) error { panic("no scenario that needs it runs on Envoy") }

// LogLines waits, because Envoy may write a line after the client has its answer.
func (w *world) LogLines(enough func([]string) bool) (lines []string) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	_ = wait.Until(ctx, "the log", func() (bool, error) {
		lines = w.envoy.Log.Lines("gatewarden: ")[w.logged:]
		return enough(lines), nil
	})
	return lines
}

// authorizer is the authorization server of the scenario that is played.
type authorizer struct {
	of atomic.Pointer[scenario.Authorizer]
}

func (a *authorizer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "not a question", http.StatusBadRequest)
		return
	}
	says := a.of.Load().Serve(r.Method, r.RequestURI, body)
	for _, h := range says.Headers {
		w.Header().Add(h[0], h[1])
	}
	w.WriteHeader(says.Status)
	for _, chunk := range says.Body {
		_, _ = w.Write(chunk)
	}
}

// grpcPrefix is what a message has before it: whether it is compressed, and its length.
const grpcPrefix = 5

// grpcServer is the gRPC server of the scenario that is played.
type grpcServer struct {
	of atomic.Pointer[scenario.GRPCServer]
}

func (g *grpcServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	frame, err := io.ReadAll(r.Body)
	if err != nil || len(frame) < grpcPrefix {
		http.Error(w, "not a call", http.StatusBadRequest)
		return
	}
	says := g.of.Load().Serve(strings.TrimPrefix(r.URL.Path, "/"), frame[grpcPrefix:])
	w.Header().Set("Content-Type", "application/grpc")
	if says.Status == 0 {
		_, _ = w.Write(big.BigEndian.AppendUint32([]byte{0}, uint32(len(says.Message))))
		_, _ = w.Write(says.Message)
	}
	w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(int(says.Status)))
}

// teller is a service that answers as it is told by the request.
type teller struct {
	visits sync.Map // by the id of the request
}

// visit is a request at the service: with the headers that arrived, until it may
// leave.
type visit struct {
	arrived chan [][2]string
	leave   chan struct{}
}

const (
	tellHeader   = "x-scenario-answer"
	idHeader     = "x-scenario-id"
	claimsHeader = "x-scenario-claims"
)

func (u *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	told := r.Header.Get(tellHeader)
	if told == "" {
		return // a probe of the harness
	}
	var headers [][2]string
	for name, values := range r.Header {
		for _, value := range values {
			headers = append(headers, [2]string{strings.ToLower(name), value})
		}
	}
	if v, ok := u.visits.Load(r.Header.Get(idHeader)); ok {
		v := v.(visit)
		v.arrived <- headers
		<-v.leave
	}
	_, _ = io.Copy(io.Discard, r.Body)
	var answer wasmhost.Response
	text, err := base64.StdEncoding.DecodeString(told)
	if err != nil || json.Unmarshal(text, &answer) != nil {
		http.Error(w, "not told", http.StatusInternalServerError)
		return
	}
	for _, h := range answer.Headers {
		w.Header().Add(h[0], h[1])
	}
	for _, h := range answer.Trailers {
		w.Header().Add("Trailer", h[0])
	}
	w.WriteHeader(answer.Status)
	for _, chunk := range answer.Body {
		_, _ = w.Write(chunk)
		_ = http.NewResponseController(w).Flush()
	}
	for _, h := range answer.Trailers {
		w.Header().Set(h[0], h[1])
	}
}
