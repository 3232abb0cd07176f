package wasmhost_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// native is a guest in Go: it has the callbacks of its map, and notes each call.
type native struct {
	wasmhost.NoCallbacks
	host *wasmhost.Host
	on   map[wasmhost.Callback]func(g *native, id uint32, n int, end bool) (wasmhost.Action, error)
	seen []string
}

func (g *native) call(c wasmhost.Callback, id uint32, n int, end bool) (wasmhost.Action, error) {
	g.seen = append(g.seen, fmt.Sprintf("%s(%d,%d,%v)", strings.TrimPrefix(string(c), "proxy_on_"), id, n, end))
	return g.on[c](g, id, n, end)
}

func (g *native) Exports(c wasmhost.Callback) bool { return g.on[c] != nil }

func (g *native) OnTick(id uint32) error {
	_, err := g.call(wasmhost.OnTick, id, 0, false)
	return err
}

func (g *native) OnRequestHeaders(id uint32, n int, end bool) (wasmhost.Action, error) {
	return g.call(wasmhost.OnRequestHeaders, id, n, end)
}

func (g *native) OnRequestBody(id uint32, n int, end bool) (wasmhost.Action, error) {
	return g.call(wasmhost.OnRequestBody, id, n, end)
}

func (g *native) OnRequestTrailers(id uint32, n int) (wasmhost.Action, error) {
	return g.call(wasmhost.OnRequestTrailers, id, n, true)
}

func (g *native) OnResponseHeaders(id uint32, n int, end bool) (wasmhost.Action, error) {
	return g.call(wasmhost.OnResponseHeaders, id, n, end)
}

func (g *native) OnLog(id uint32) error {
	_, err := g.call(wasmhost.OnLog, id, 0, false)
	return err
}

func answers(a wasmhost.Action) func(*native, uint32, int, bool) (wasmhost.Action, error) {
	return func(*native, uint32, int, bool) (wasmhost.Action, error) { return a, nil }
}

type callbacks = map[wasmhost.Callback]func(*native, uint32, int, bool) (wasmhost.Action, error)

func startNative(t *testing.T, p *wasmhost.Process, o wasmhost.Options, on callbacks) (*wasmhost.Proxy, *native) {
	t.Helper()
	g := &native{on: on}
	proxy, err := wasmhost.NewProxy(p, o, func(h *wasmhost.Host) (wasmhost.Guest, error) {
		g.host = h
		return g, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return proxy, g
}

func expect(t *testing.T, g *native, want ...string) {
	t.Helper()
	if !slices.Equal(g.seen, want) {
		t.Errorf("callbacks\n%s\nwant\n%s", strings.Join(g.seen, "\n"), strings.Join(want, "\n"))
	}
}

var upload = wasmhost.Request{Method: "POST", Body: [][]byte{[]byte("abc"), []byte("defg")}}

func pauseUntilEnd(_ *native, _ uint32, _ int, end bool) (wasmhost.Action, error) {
	if end {
		return wasmhost.Continue, nil
	}
	return wasmhost.Pause, nil
}

func newProcess() *wasmhost.Process { return wasmhost.NewProcess(wasmhost.ProcessOptions{}) }

func TestPausedHeadersHangWithoutStopIteration(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestHeaders: answers(wasmhost.Pause),
		wasmhost.OnRequestBody:    pauseUntilEnd,
		wasmhost.OnLog:            answers(wasmhost.Continue),
	})
	r := proxy.Do(upload, nil)
	if !r.Hung || r.UpstreamSawHeaders || r.Status != 0 {
		t.Errorf("%+v", r)
	}
	expect(t, g, "request_headers(2,4,false)", "log(2,0,false)")
}

func TestPausedBodyGrows(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{StopIteration: true}, callbacks{
		wasmhost.OnRequestHeaders: answers(wasmhost.Pause),
		wasmhost.OnRequestBody:    pauseUntilEnd,
	})
	r := proxy.Do(upload, func(u wasmhost.Request) wasmhost.Response {
		return wasmhost.Response{Body: u.Body}
	})
	if string(r.Body) != "abcdefg" || !r.ReachedUpstream {
		t.Errorf("%+v", r)
	}
	expect(t, g, "request_headers(2,4,false)", "request_body(2,3,false)", "request_body(2,7,false)", "request_body(2,7,true)")
}

func TestBodyThatPassesComesInPieces(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestBody: answers(wasmhost.Continue),
	})
	proxy.Do(upload, nil)
	expect(t, g, "request_body(2,3,false)", "request_body(2,4,false)", "request_body(2,0,true)")

	g.seen = nil
	withEnd := upload
	withEnd.EndsWithData = true
	proxy.Do(withEnd, nil)
	expect(t, g, "request_body(3,3,false)", "request_body(3,4,true)")
}

func TestTrailersCanHoldTheBody(t *testing.T) {
	in := upload
	in.Trailers = [][2]string{{"x-t", "1"}}
	proxy, _ := startNative(t, newProcess(), wasmhost.Options{StopIteration: true}, callbacks{
		wasmhost.OnRequestHeaders:  answers(wasmhost.Pause),
		wasmhost.OnRequestBody:     pauseUntilEnd,
		wasmhost.OnRequestTrailers: answers(wasmhost.Pause),
	})
	if r := proxy.Do(in, nil); !r.Hung || r.UpstreamSawHeaders {
		t.Errorf("with a callback that pauses: %+v", r)
	}
}

func TestClientThatLeaves(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestHeaders:  answers(wasmhost.Continue),
		wasmhost.OnResponseHeaders: answers(wasmhost.Continue),
		wasmhost.OnLog:             answers(wasmhost.Continue),
	})
	in := upload
	in.AbortAfter = wasmhost.AfterRequestHeaders
	if r := proxy.Do(in, nil); r.Status != 0 || r.Hung || r.ReachedUpstream || r.Details != "downstream_remote_disconnect" {
		t.Errorf("after request headers: %+v", r)
	}
	in.AbortAfter = wasmhost.AfterResponseHeaders
	r := proxy.Do(in, func(wasmhost.Request) wasmhost.Response {
		return wasmhost.Response{Body: [][]byte{[]byte("lost")}}
	})
	if r.Status != 200 || len(r.Body) != 0 {
		t.Errorf("after response headers: %+v", r)
	}
	expect(t, g, "request_headers(2,4,false)", "log(2,0,false)",
		"request_headers(3,4,false)", "response_headers(3,1,false)", "log(3,0,false)")
}

func TestStreamsInterleave(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestHeaders: func(g *native, _ uint32, _ int, _ bool) (wasmhost.Action, error) {
			path, _ := g.host.HeaderMapValue(wasmhost.RequestHeaders, ":path")
			g.host.SetProperty("path", path)
			return wasmhost.Continue, nil
		},
		wasmhost.OnResponseHeaders: answers(wasmhost.Continue),
	})
	var inner wasmhost.Result
	outer := proxy.Do(wasmhost.Request{Path: "/outer"}, func(wasmhost.Request) wasmhost.Response {
		inner = proxy.Do(wasmhost.Request{Path: "/inner"}, nil)
		return wasmhost.Response{Status: 201}
	})
	if outer.FilterState["wasm.path"] != "/outer" || inner.FilterState["wasm.path"] != "/inner" {
		t.Errorf("outer %v, inner %v", outer.FilterState, inner.FilterState)
	}
	expect(t, g, "request_headers(2,4,true)", "request_headers(3,4,true)", "response_headers(3,1,true)", "response_headers(2,1,true)")
}

func TestMetadataOfOtherFilters(t *testing.T) {
	claim := wasmhost.Path("metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload", "sub")
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestHeaders: func(g *native, _ uint32, _ int, _ bool) (wasmhost.Action, error) {
			value, status := g.host.GetProperty(claim)
			g.seen = append(g.seen, status.String()+" "+string(value))
			return wasmhost.Continue, nil
		},
	})
	proxy.Do(wasmhost.Request{Metadata: map[string]any{
		"envoy.filters.http.jwt_authn": map[string]any{"payload": map[string]any{"sub": "alice"}},
	}}, nil)
	expect(t, g, "request_headers(2,4,true)", "OK alice")
}

func TestReplyBehindTheFilter(t *testing.T) {
	proxy, _ := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnResponseHeaders: answers(wasmhost.Continue),
	})
	r := proxy.Do(wasmhost.Request{}, func(wasmhost.Request) wasmhost.Response {
		return wasmhost.Response{Status: 401, Details: "jwt_authn_access_denied{Jwt_is_missing}"}
	})
	if r.Status != 401 || r.Local || r.Details != "jwt_authn_access_denied{Jwt_is_missing}" {
		t.Errorf("%+v", r)
	}
}

func TestTick(t *testing.T) {
	proxy, g := startNative(t, newProcess(), wasmhost.Options{}, callbacks{wasmhost.OnTick: answers(wasmhost.Continue)})
	g.host.SetTickPeriod(time.Second)
	if err := proxy.Tick(); err != nil || proxy.Host().TickPeriod() != time.Second {
		t.Error(err, proxy.Host().TickPeriod())
	}
	expect(t, g, "tick(1,0,false)")
}

func TestTrapInGo(t *testing.T) {
	broken := errors.New("broken")
	proxy, _ := startNative(t, newProcess(), wasmhost.Options{}, callbacks{
		wasmhost.OnRequestHeaders: func(*native, uint32, int, bool) (wasmhost.Action, error) { return 0, broken },
	})
	if r := proxy.Do(wasmhost.Request{}, nil); r.Status != 503 || !errors.Is(r.Trapped, broken) {
		t.Errorf("%+v", r)
	}
}

// TestWorkers counts with several workers on one process, each a VM of its own.
func TestWorkers(t *testing.T) {
	const workers, each = 4, 500
	process := newProcess()
	count := func(g *native, _ uint32, _ int, _ bool) (wasmhost.Action, error) {
		for {
			value, cas, _ := g.host.GetSharedData("n")
			n, _ := strconv.Atoi(string(value))
			if cas == 0 {
				cas = 1<<32 - 1
			}
			if g.host.SetSharedData("n", []byte(strconv.Itoa(n+1)), cas) == wasmhost.OK {
				break
			}
		}
		id, _ := g.host.DefineMetric(wasmhost.Counter, "n")
		g.host.IncrementMetric(id, 1)
		return wasmhost.Continue, nil
	}
	var wg sync.WaitGroup
	for range workers {
		proxy, _ := startNative(t, process, wasmhost.Options{}, callbacks{wasmhost.OnRequestHeaders: count})
		wg.Go(func() {
			for range each {
				proxy.Do(wasmhost.Request{}, nil)
			}
		})
	}
	wg.Wait()
	value, _, _ := process.SharedData.Get("n")
	if want := strconv.Itoa(workers * each); string(value) != want || process.Metrics.Counter("n") != workers*each {
		t.Errorf("shared data %s, metric %d, want %s", value, process.Metrics.Counter("n"), want)
	}
}
