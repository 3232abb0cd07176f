package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// flood is a client whose requests are sent all at once.
type flood struct {
	// now and most are how many the service has, and had at once; reached is how many it
	// got.
	now, most, reached int
	// waited tells how many were held by the filter when all others had begun.
	waited  int
	results []wasmhost.Result
}

// send begins n requests, each while those before it are under way, on the next worker.
// The service answers none before all have begun.
func (f *flood) send(workers []*wasmhost.Proxy, n int, request func(i int) wasmhost.Request, answer func(wasmhost.Request) wasmhost.Response) {
	exchanges := make([]*wasmhost.Exchange, n)
	next := 0
	var rest func()
	rest = func() {
		for next < n {
			i := next
			next++
			exchanges[i] = workers[i%len(workers)].Begin(request(i), func(r wasmhost.Request) wasmhost.Response {
				f.reached++
				f.now++
				f.most = max(f.most, f.now)
				rest()
				f.now--
				return answer(r)
			})
			if exchanges[i].Waits() {
				f.waited++
			}
		}
	}
	rest()
	for _, w := range workers {
		_ = w.Tick() // refusals come with the tick
	}
	f.results = f.results[:0]
	for _, e := range exchanges {
		f.results = append(f.results, e.Finish())
	}
}

// reasons counts what became of the requests: the reasons of refusals, and statuses.
func (f *flood) reasons(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for i, r := range f.results {
		if r.Hung || r.Trapped != nil || r.Reset {
			t.Fatalf("request %d: %+v", i, r)
		}
		what := r.FilterState["wasm.gatewarden.reason"]
		if what == "" {
			what = fmt.Sprint(r.Status)
		}
		found[what]++
	}
	return found
}

func presents(token func(i int) string) func(i int) wasmhost.Request {
	return func(i int) wasmhost.Request {
		return wasmhost.Request{Path: "/api/v1/x", Headers: [][2]string{{"authorization", "Bearer " + token(i)}}}
	}
}

func alike(status int) func(wasmhost.Request) wasmhost.Response {
	return func(wasmhost.Request) wasmhost.Response { return wasmhost.Response{Status: status} }
}

// onlyGood answers 200 to tokens that begin with "good".
func onlyGood(r wasmhost.Request) wasmhost.Response {
	const good = "Bearer good"
	if a := r.Header("authorization"); len(a) >= len(good) && a[:len(good)] == good {
		return wasmhost.Response{Status: 200}
	}
	return wasmhost.Response{Status: 401}
}

func TestABurstWaits(t *testing.T) {
	const limit, guesses = 10, 200
	login := func(int) wasmhost.Request {
		return wasmhost.Request{
			Method: "POST", Path: "/oauth/token", Headers: [][2]string{{"content-type", "application/x-www-form-urlencoded"}},
			Body: pieces([]string{"grant_type=password&username=a", "&password=b"}),
		}
	}
	for name, start := range runtimes(t) {
		for _, row := range []struct {
			name, config string
			workers      int
			request      func(int) wasmhost.Request
			answer       func(wasmhost.Request) wasmhost.Response
			status       string
		}{
			{"tokens", rest(`"failures": 10, "window": "10m"`), 1, presents(each), alike(401), "401"},
			{"tokens, on four workers", rest(`"failures": 10, "window": "10m"`), 4, presents(each), alike(401), "401"},
			{"logins, whose answers are in the body", "", 1, login, func(wasmhost.Request) wasmhost.Response {
				return wasmhost.Response{Status: 400, Headers: [][2]string{{"content-type", "application/json"}}, Body: pieces([]string{`{"error":"inva`, `lid_grant"}`})}
			}, "400"},
		} {
			t.Run(name+", "+row.name, func(t *testing.T) {
				process, workers := startWorkers(t, start, row.config, row.workers)
				var f flood
				f.send(workers, guesses, row.request, row.answer)
				found := f.reasons(t)
				if most := limit * row.workers; f.reached != most || f.most != most || found[row.status] != most || found["locked_out"] != guesses-most {
					t.Errorf("%d of %d guesses reached the service, %d at once, want %d; %v", f.reached, guesses, f.most, most, found)
				}
				for _, w := range workers {
					_ = w.Tick()
				}
				surface := map[bool]string{true: "rest", false: "token"}[row.config != ""]
				if got := process.Metrics.Counter("gatewarden_held_requests_total.surface." + surface + ".outcome.refused"); got != uint64(found["locked_out"]) {
					t.Errorf("%d of those who waited are counted as refused", got)
				}
			})
		}
	}
}

// With one failure left, guesses reach the service one after the other.
func TestABurstOfALastGuess(t *testing.T) {
	_, workers := startWorkers(t, runtimes(t)["native"], rest(`"failures": 3, "window": "10m"`), 1)
	var f flood
	f.send(workers, 2, presents(each), alike(401))
	f = flood{}
	f.send(workers, 50, presents(each), alike(500))
	if f.most != 1 || f.reached != 50 || f.reasons(t)["500"] != 50 {
		t.Errorf("%d at once, %d reached, %v", f.most, f.reached, f.reasons(t))
	}
	f = flood{}
	f.send(workers, 50, presents(each), alike(401))
	if f.most != 1 || f.reached != 1 || f.reasons(t)["locked_out"] != 49 {
		t.Errorf("%d at once, %d reached, %v", f.most, f.reached, f.reasons(t))
	}
}

// An office opens a page of sixty requests: nothing is lost, and nobody waits whose
// token is the same as that of others, or has been good before.
func TestAnOfficeLosesNothing(t *testing.T) {
	const page = 60
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			_, workers := startWorkers(t, start, rest(`"failures": 20, "window": "1m"`), 1)
			for _, row := range []struct {
				name   string
				token  func(i int) string
				waited int
			}{
				{"one token", func(int) string { return "good" }, 0},
				{"a token for each of six pages", func(i int) string { return fmt.Sprint("good", i%6) }, 0},
				{"sixty new tokens", func(i int) string { return fmt.Sprint("good new", i) }, 40},
				{"the same sixty tokens again", func(i int) string { return fmt.Sprint("good new", i) }, 0},
			} {
				var f flood
				f.send(workers, page, presents(row.token), onlyGood)
				if found := f.reasons(t); f.reached != page || found["200"] != page || f.waited != row.waited {
					t.Errorf("%s: %d reached, %d waited, want %d; %v", row.name, f.reached, f.waited, row.waited, found)
				}
			}
			// Behind the same address, somebody guesses.
			var f flood
			f.send(workers, 3*page, presents(func(i int) string {
				if i%3 == 0 {
					return fmt.Sprint("good new", 10+i/3%50)
				}
				return each(i)
			}), onlyGood)
			if found := f.reasons(t); found["401"] != 20 || found["200"] != page {
				t.Errorf("beside a guesser: %v", found)
			}
		})
	}
}

// However slow the service is, nobody waits for longer than it is configured.
func TestAWaitEnds(t *testing.T) {
	const limit, n = 5, 30
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			process, workers := startWorkers(t, start, `{"burst": {"hold": "2s"}, `+rest(`"failures": 5, "window": "1m"`)[1:], 1)
			var f flood
			tick := func() {
				process.Clock.Advance(time.Second)
				_ = workers[0].Tick()
			}
			ticked := false
			f.send(workers, n, presents(each), func(wasmhost.Request) wasmhost.Response {
				if !ticked { // the first answer comes late
					ticked = true
					if tick(); f.reached != limit {
						t.Errorf("%d reached the service a second later, want %d", f.reached, limit)
					}
					if tick(); f.reached != n {
						t.Errorf("%d reached the service two seconds later, want %d", f.reached, n)
					}
				}
				return wasmhost.Response{Status: 503}
			})
			if found := f.reasons(t); found["503"] != n {
				t.Errorf("%v", found)
			}
			_ = workers[0].Tick()
			for outcome, want := range map[string]uint64{"expired": n - limit, "passed": 0, "refused": 0, "left": 0} {
				if got := process.Metrics.Counter("gatewarden_held_requests_total.surface.rest.outcome." + outcome); got != want {
					t.Errorf("%s: %d, want %d", outcome, got, want)
				}
			}
		})
	}
}

// Who leaves while it waits is forgotten, and those behind it go on.
func TestWhoWaitsLeaves(t *testing.T) {
	for name, start := range runtimes(t) {
		t.Run(name, func(t *testing.T) {
			process, workers := startWorkers(t, start, rest(`"failures": 1, "window": "1m"`), 1)
			var third *wasmhost.Exchange
			workers[0].Begin(presents(each)(0), func(wasmhost.Request) wasmhost.Response {
				second := workers[0].Begin(presents(each)(1), alike(200))
				third = workers[0].Begin(presents(each)(2), alike(200))
				if !second.Waits() || !third.Waits() {
					t.Error("the others do not wait")
				}
				if r := second.Leave(); r.UpstreamSawHeaders {
					t.Errorf("the second: %+v", r)
				}
				return wasmhost.Response{Status: 500}
			}).Finish()
			if r := third.Finish(); r.Status != 200 {
				t.Errorf("the third: %+v", r)
			}
			var f flood
			f.send(workers, 20, presents(func(i int) string { return fmt.Sprint("new", i) }), alike(500))
			if found := f.reasons(t); found["500"] != 20 || f.most != 1 {
				t.Errorf("afterwards: %v, %d at once", found, f.most)
			}
			if got := process.Metrics.Counter("gatewarden_held_requests_total.surface.rest.outcome.left"); got != 1 {
				t.Errorf("%d have left", got)
			}
		})
	}
}

// What waits keeps its body, and an MCP client that is refused gets its own id.
func TestBodiesWait(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":"the second","method":"tools/call"}`
	post := func(token string) wasmhost.Request {
		return wasmhost.Request{
			Method: "POST", Path: "/mcp", Headers: [][2]string{{"authorization", "Bearer " + token}, {"content-type", "application/json"}},
			Body: pieces([]string{call[:20], call[20:]}), Trailers: [][2]string{{"x-end", "1"}},
		}
	}
	for name, start := range runtimes(t) {
		for _, stop := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, headers held %v", name, stop), func(t *testing.T) {
				process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
				worker, err := start(process, wasmhost.Options{StopIteration: stop, PluginConfig: fmt.Appendf(nil, `{"allow_on_headers_stop_iteration": %v, "surfaces": [
					{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}], "lockout": {"failures": 1, "window": "1m"}}]}`, stop)})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = worker.Close() })
				for _, status := range []int{200, 401} {
					var second *wasmhost.Exchange
					worker.Begin(post(fmt.Sprint("a", status)), func(wasmhost.Request) wasmhost.Response {
						second = worker.Begin(post(fmt.Sprint("b", status)), alike(200))
						if !second.Waits() {
							t.Fatal("the second does not wait")
						}
						return wasmhost.Response{Status: status}
					}).Finish()
					_ = worker.Tick()
					r := second.Finish()
					switch {
					case r.Hung || r.Trapped != nil:
						t.Fatalf("after %d: %+v", status, r)
					case status == 200:
						got := ""
						for _, chunk := range r.UpstreamRequest.Body {
							got += string(chunk)
						}
						if r.Status != 200 || got != call || len(r.UpstreamRequest.Trailers) != 1 {
							t.Errorf("after 200: %+v", r)
						}
					default:
						if r.Status != 429 || strings.Contains(string(r.Body), `"id":"the second"`) != stop || r.UpstreamSawHeaders {
							t.Errorf("after 401: %d %s", r.Status, r.Body)
						}
					}
				}
			})
		}
	}
}

// What waits calls nobody: neither when it begins nor while it waits.
func TestWaitingCostsNothing(t *testing.T) {
	process, workers := startWorkers(t, runtimes(t)["native"], rest(`"failures": 2, "window": "1m"`), 1)
	calls := func() (n int) {
		for name, times := range workers[0].Host().Calls().Host {
			if name != "proxy_increment_metric" {
				n += times
			}
		}
		return n
	}
	began := map[int]int{}
	var waiting []*wasmhost.Exchange
	begin := func(i int, then func()) {
		before := calls()
		workers[0].Begin(presents(each)(i), func(wasmhost.Request) wasmhost.Response {
			began[i] = calls() - before
			then()
			return wasmhost.Response{Status: 500}
		}).Finish()
	}
	begin(0, func() {
		begin(1, func() {
			before := calls()
			for i := range 20 {
				waiting = append(waiting, workers[0].Begin(presents(each)(2+i), alike(500)))
			}
			if got := calls() - before; got != 20*began[0] {
				t.Errorf("20 that wait cost %d calls, one that passes %d", got, began[0])
			}
			before = calls()
			process.Clock.Advance(time.Second)
			_ = workers[0].Tick()
			if got := calls() - before; got > 1 {
				t.Errorf("a tick while 20 wait: %d calls", got)
			}
		})
	})
	if began[0] != began[1] {
		t.Errorf("the first costs %d calls, the second %d", began[0], began[1])
	}
	for _, e := range waiting {
		if r := e.Finish(); r.Status != 500 {
			t.Errorf("%+v", r)
		}
	}
}
