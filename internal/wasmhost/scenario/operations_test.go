package scenario

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

const (
	guarding = `{"surfaces": [
		{"name": "a", "kind": "api", "match": [{"path": "/a"}], "lockout": {"failures": 2, "window": "1m", "wide": {"failures": 1000}}},
		{"name": "b", "kind": "api", "match": [{"path": "/b"}], "lockout": {"failures": 3, "window": "10m", "duration": "30s", "stuffing": {"credentials": 2, "action": "lock"}}}]}`
	// operating has the hash of "secret".
	operating = `{"admin": {"tokens": [{"id": "alice", "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}]}}`
)

// office is an operations endpoint beside the workers of an instance that guards.
type office struct {
	process    *wasmhost.Process
	guards     []*wasmhost.Proxy
	operations []*wasmhost.Proxy
}

func openOffice(t *testing.T, start Start) *office {
	t.Helper()
	o := &office{}
	o.process, o.guards = startWorkers(t, start, guarding, 2)
	o.process.Clock.Advance(24 * time.Hour) // so that it can be set back
	o.advance(time.Minute)
	for range 2 {
		worker, err := start(o.process, wasmhost.Options{PluginConfig: []byte(operating)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = worker.Close() })
		o.operations = append(o.operations, worker)
	}
	return o
}

// advance lets time pass, and the workers' timers with it.
func (o *office) advance(d time.Duration) {
	for ; d > 0; d -= time.Second {
		o.process.Clock.Advance(min(d, time.Second))
		for _, worker := range slices.Concat(o.guards, o.operations) {
			_ = worker.Tick()
		}
	}
}

// send is one request of a client to a surface, with an answer of the service.
func (o *office) send(worker int, path, address, token string, status int) wasmhost.Result {
	return o.guards[worker].Do(wasmhost.Request{
		Path: path, SourceAddress: address, Headers: [][2]string{{"authorization", "Bearer " + token}},
	}, func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: status} })
}

func (o *office) ask(t *testing.T, worker int, method, path string) wasmhost.Result {
	t.Helper()
	r := o.operations[worker].Do(wasmhost.Request{
		Method: method, Path: path, Authority: "127.0.0.1:9902", Headers: [][2]string{{"authorization", "Bearer secret"}},
	}, nil)
	if r.Trapped != nil || r.Hung || r.UpstreamSawHeaders {
		t.Fatalf("%s %s: trapped %v, hung %v, reached the service %v", method, path, r.Trapped, r.Hung, r.UpstreamSawHeaders)
	}
	return r
}

type entry struct {
	ID, Surface, Client string
	Seconds             int64 `json:"seconds_left"`
}

func (o *office) list(t *testing.T, worker int) (entries []entry) {
	t.Helper()
	r := o.ask(t, worker, "GET", "/lockouts")
	var answer struct {
		Complete bool
		Lockouts []entry
	}
	if err := json.Unmarshal(r.Body, &answer); err != nil || !answer.Complete {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	return answer.Lockouts
}

// TestOperatorsSeeWhoIsLocked plays at random with clients, workers, operators, time and
// a clock that is set back: whoever is listed is refused by all workers for exactly as
// long as is said, and whoever is not listed is served.
func TestOperatorsSeeWhoIsLocked(t *testing.T) {
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				o, random := openOffice(t, start), rand.New(rand.NewPCG(seed, 7))
				client := func() string { return fmt.Sprintf("192.0.2.%d:4711", 1+random.IntN(5)) }
				path := func() string { return []string{"/a", "/b"}[random.IntN(2)] }
				var done []string
				note := func(format string, args ...any) { done = append(done, fmt.Sprintf(format, args...)) }
				for range 250 {
					worker := random.IntN(2)
					switch n := random.IntN(20); {
					case n < 10:
						p, c := path(), client()
						note("worker %d: %s fails on %s", worker, c, p)
						o.send(worker, p, c, fmt.Sprint(random.IntN(9)), 401)
					case n < 14:
						d := time.Duration(random.IntN(20_000)) * time.Millisecond
						note("%v pass", d)
						o.advance(d)
					case n < 16:
						if listed := o.list(t, worker); len(listed) > 0 {
							l := listed[random.IntN(len(listed))]
							note("unlock %v", l)
							if r := o.ask(t, worker, "DELETE", "/lockouts/"+l.ID); r.Status != 204 {
								t.Fatalf("%s\n%d %s", strings.Join(done, "\n"), r.Status, r.Body)
							}
						}
					case n < 18:
						query := fmt.Sprintf("?surface=%s&client=%s&duration=%ds", path()[1:], strings.TrimSuffix(client(), ":4711"), 1+random.IntN(90))
						note("lock %s", query)
						if r := o.ask(t, worker, "POST", "/lockouts"+query); r.Status != 200 && r.Status != 201 {
							t.Fatalf("%s\n%d %s", strings.Join(done, "\n"), r.Status, r.Body)
						}
					case n < 19:
						note("the clock is set back")
						o.process.Clock.Advance(-time.Duration(random.IntN(600)) * time.Second)
					default:
						o.compare(t, worker, done)
					}
				}
			}
		})
	}
}

// compare holds the list to what clients meet.
func (o *office) compare(t *testing.T, worker int, done []string) {
	t.Helper()
	listed := map[string]int64{}
	for _, l := range o.list(t, worker) {
		listed[l.Surface+" "+l.Client] = l.Seconds
	}
	for _, path := range []string{"/a", "/b"} {
		for i := range 5 {
			address := fmt.Sprintf("192.0.2.%d", 1+i)
			seconds := listed[path[1:]+" "+address]
			for guard := range o.guards {
				r := o.send(guard, path, address+":4711", "good", 200)
				wait := ""
				for _, h := range r.Headers {
					if h[0] == "retry-after" {
						wait = h[1]
					}
				}
				if seconds > 0 && wait != fmt.Sprint(seconds) || seconds == 0 && r.Status != 200 {
					t.Fatalf("%s\nworker %d: %s on %s gets %d, Retry-After %q; the list says %d seconds", strings.Join(done, "\n"), guard, address, path, r.Status, wait, seconds)
				}
			}
		}
	}
}

// TestOperationsEndpointServesThePage: as Wasm, too, it is the file.
func TestOperationsEndpointServesThePage(t *testing.T) {
	pages := map[string]string{}
	for name, start := range runtimes(t) {
		o := openOffice(t, start)
		r := o.ask(t, 0, "GET", "/")
		pages[name] = fmt.Sprint(r.Status, r.Headers) + string(r.Body)
		if r.Status != 200 || !strings.HasPrefix(string(r.Body), "<!doctype html>") || !strings.HasSuffix(string(r.Body), "</html>\n") {
			t.Errorf("%s: %d, %d bytes", name, r.Status, len(r.Body))
		}
		if pages[name] != pages["native"] && pages["native"] != "" {
			t.Errorf("%s serves another page", name)
		}
		// One request after the other, with bodies that nobody waits for.
		for i := range 50 {
			body := o.operations[0].Do(wasmhost.Request{Method: "POST", Path: "/lockouts", Body: [][]byte{[]byte("x")}}, nil)
			if body.Trapped != nil || body.Hung || body.Status != 421 && body.Status != 401 {
				t.Fatalf("%s, request %d: %+v", name, i, body)
			}
		}
	}
}

// Nothing that a request costs has become more: an operations endpoint is told when a
// lockout begins, and never else.
func TestOnlyTheFirstRefusalCostsMore(t *testing.T) {
	all := runtimes(t)
	delete(all, "native") // whose calls nobody counts
	for name, start := range all {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, start)
			var calls []int
			for _, status := range []int{200, 401, 401, 200, 200} { // passes, fails, locks, is refused twice
				r := o.send(0, "/a", "192.0.2.1:4711", "x", status)
				calls = append(calls, r.Calls["proxy_get_shared_data"]+r.Calls["proxy_set_shared_data"])
			}
			// A lockout counter and a wide one: each is read by a request, and read and
			// written by a failure. The register is read and written once.
			if want := []int{2, 6, 8, 2, 2}; !slices.Equal(calls, want) {
				t.Errorf("shared data was asked %v times, want %v", calls, want)
			}
		})
	}
}
