package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// lockWatch follows one attacker on one surface. An answer with Retry-After: n
// says that the lockout ends more than n-1 and no more than n seconds after it
// was made.
type lockWatch struct {
	riot *riot
	name string
	// parallel attackers have guesses under way when they are locked out.
	parallel bool

	mu       sync.Mutex
	seen     time.Time // a refusal had come
	earliest time.Time // the end of the lockout
	latest   time.Time
	failures int       // of the running window
	first    time.Time // when the first of them was sent
	unsure   bool      // something was lost, so that the number is only the least
	torn     bool      // they may belong to two windows
}

// answered takes in what came back.
func (w *lockWatch) answered(r reply, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil, r.status == 503:
		w.unsure = true
		w.riot.saw(w.name + " disturbed")
		return
	case r.status == 429:
		w.refused(r)
	case r.status == 413: // Envoy itself, of a body that it cannot hold
	default:
		w.served(r)
	}
	w.riot.saw(fmt.Sprintf("%s %d", w.name, r.status))
}

func (w *lockWatch) served(r reply) {
	if r.began.After(w.seen) && r.ended.Add(tolerance).Before(w.earliest) {
		w.riot.wrong("%s was unlocked early: a %d with the lockout to last", w.name, r.status)
	}
	if r.status < 400 {
		return
	}
	if w.failures == 0 {
		w.first = r.began
	}
	w.failures++
	w.torn = w.torn || r.ended.Sub(w.first) > chaosWindow
	if !w.parallel && !w.torn && w.failures > chaosLimit {
		w.riot.wrong("%s had %d guesses in a window", w.name, w.failures)
	}
}

func (w *lockWatch) refused(r reply) {
	seconds, err := strconv.Atoi(r.header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > int(chaosWindow.Seconds()) {
		w.riot.wrong("%s: Retry-After is %q", w.name, r.header.Get("Retry-After"))
		return
	}
	if !w.parallel && !w.unsure && w.failures == 0 && !w.latest.IsZero() && r.began.After(w.latest.Add(tolerance)) {
		w.riot.wrong("%s was locked out longer than Retry-After said", w.name)
	}
	w.seen = r.ended
	w.earliest = r.began.Add(time.Duration(seconds-1) * time.Second)
	w.latest = r.ended.Add(time.Duration(seconds) * time.Second)
	w.failures, w.unsure, w.torn = 0, false, false
}

// attacker guesses at the REST surface: one guess after the other, or many at
// once. While it is locked out it goes on trying, with valid credentials too.
func (r *riot) attacker(t *testing.T, protocol client.Protocol, parallel bool) func(context.Context) {
	c := r.newCaller(t, protocol)
	w := &lockWatch{riot: r, name: "attacker", parallel: parallel}
	guesses := [][]string{wrong, {"X-Api-Key", "a-guess"}, {"Authorization", "Basic YWxpY2U6Z3Vlc3M="}}
	ways := [][]string{nil, nil, chaosHeader(withTrailer), {"Expect", "100-continue"}, {"Connection", "Upgrade", "Upgrade", "websocket"}}
	return func(ctx context.Context) {
		for i := 0; pause(ctx, 15*time.Millisecond); i++ {
			var group sync.WaitGroup
			for range 1 + 15*btoi(parallel) {
				group.Go(func() {
					credential := guesses[i%len(guesses)]
					if w.isLocked() && i%2 == 0 {
						credential = valid
					}
					way := ways[i%len(ways)]
					if protocol == client.HTTP2 && way != nil && way[0] == "Connection" {
						way = nil
					}
					answer, err := c.try("POST", "/api/v1/items", strings.Repeat("x", i%3), credential, way)
					w.answered(answer, err)
				})
			}
			group.Wait()
		}
	}
}

func (w *lockWatch) isLocked() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.earliest.Add(-100 * time.Millisecond))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tokenAttacker guesses at the token endpoint.
func (r *riot) tokenAttacker(t *testing.T) func(context.Context) {
	c := r.newCaller(t, client.HTTP2)
	w := &lockWatch{riot: r, name: "attacker token"}
	return func(ctx context.Context) {
		for i := 0; pause(ctx, 20*time.Millisecond); i++ {
			answer, err := c.try("POST", fmt.Sprintf("/oauth/token?pieces=%d", 1+i%3*20), guessGrant, form, basic)
			w.answered(answer, err)
		}
	}
}

// mcpAttacker guesses at the MCP surface, with bodies of all sizes: while it is
// locked out, the filter holds its requests to read their ids.
func (r *riot) mcpAttacker(t *testing.T) func(context.Context) {
	c := r.newCaller(t, client.HTTP1)
	w := &lockWatch{riot: r, name: "attacker mcp"}
	return func(ctx context.Context) {
		for i := 0; pause(ctx, 20*time.Millisecond); i++ {
			body := initialize
			if size := []int{0, 0, 60 << 10, 70 << 10, 2 << 20}[i%5]; size > 0 {
				body = `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", size) + `"}`
			}
			credential := wrong
			if w.isLocked() && i%2 == 0 {
				credential = valid
			}
			answer, err := c.try("POST", "/mcp", body, rpc, credential)
			w.answered(answer, err)
			if err != nil {
				c.http.CloseIdleConnections()
			}
		}
	}
}
