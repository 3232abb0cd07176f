package simulate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
	"github.com/gatewarden/gatewarden/internal/wasmhost/native"
)

const repeatsConfig = `{"credentials": {"headers": ["authorization"], "query": ["key"]}, "surfaces": [
	{"name": "api", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 5, "window": "20s", "mode": "shadow", "repeats": "once"}},
	{"name": "login", "kind": "login", "match": [{"prefix": "/login"}], "lockout": {"failures": 5, "window": "20s", "mode": "shadow", "repeats": "once"}}]}`

// The forecast from a log is what the filter counted when it wrote the log, in shadow
// mode: credentials and forms of a few clients, most of them repeated.
func TestRepeatsAreForecastAsTheFilterCounts(t *testing.T) {
	for seed := range uint64(20) {
		process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
		worker, err := native.NewProxy(process, wasmhost.Options{PluginConfig: []byte(repeatsConfig)})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		var log []accesslog.Record
		for at := int64(0); len(log) < 300; at += 300 {
			log = append(log, attempt(r, worker, at))
			process.Clock.Advance(300 * time.Millisecond)
			_ = worker.Tick()
		}
		got := runAll(t, true, repeatsConfig, log).Variants[0].Surfaces
		for _, s := range got {
			of := func(metric string) int64 {
				return int64(process.Metrics.Counter("gatewarden_" + metric + "_total.surface." + s.Name))
			}
			is := fmt.Sprint(of("auth_failures"), " failures, ", of("repeated_failures"), " repeated, ", of("lockouts"), " lockouts")
			said := fmt.Sprint(s.Failures, " failures, ", s.Repeated, " repeated, ", s.Lockouts, " lockouts")
			if is != said || s.Repeated == 0 || s.Lockouts == 0 {
				t.Errorf("seed %d, %s: the filter counted %s, forecast are %s", seed, s.Name, is, said)
			}
		}
		_ = worker.Close()
	}
}

// attempt sends a request to the filter, and returns its line in the log, which has no
// query.
func attempt(r *rand.Rand, worker *wasmhost.Proxy, at int64) accesslog.Record {
	client, status := fmt.Sprintf("192.0.2.%d", r.IntN(3)), 401
	send := wasmhost.Request{Method: "POST", SourceAddress: client + ":4711", Path: fmt.Sprintf("/login/%d", r.IntN(2))}
	secret := fmt.Sprint(r.IntN(3))
	switch r.IntN(4) {
	case 0:
		send.Path, send.Headers = fmt.Sprintf("/api/%d?page=%d", r.IntN(9), r.IntN(9)), [][2]string{{"authorization", "Bearer " + secret}}
	case 1:
		send.Path = "/api/x?key=" + secret
	case 2:
		send.Headers = [][2]string{{"content-type", "application/x-www-form-urlencoded"}}
		send.Body = [][]byte{[]byte(fmt.Sprintf("_csrf=%d&password=%s", at, secret))}
	default:
		send.Body, send.Path = [][]byte{[]byte(secret)}, send.Path+"?a="+secret
	}
	if r.IntN(4) == 0 {
		status = 200
	}
	result := worker.Do(send, func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: status} })
	line := visit(at, client, status)
	line.Method = send.Method
	line.Path, _, _ = strings.Cut(send.Path, "?")
	line.Guess = result.FilterState["wasm.gatewarden.guess"]
	return line
}
