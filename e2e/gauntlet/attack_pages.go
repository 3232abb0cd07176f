package gauntlet

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Pages are what came of the pages of one kind.
type Pages struct {
	// Took is how long each took, from its first request to its last answer.
	Took []time.Duration
	// Requests were sent, Lost of them did not get their answer.
	Requests, Lost int
}

// String says how long the first page took and the slowest later one, unless some
// requests were lost: then a page is not there, however soon.
func (p Pages) String() string {
	switch {
	case p.Lost > 0:
		return fmt.Sprintf("lost %s of %s", thousands(p.Lost), thousands(p.Requests))
	case len(p.Took) == 0:
		return "none"
	case len(p.Took) == 1:
		return inSeconds(p.Took[0])
	}
	return inSeconds(p.Took[0]) + ", then " + inSeconds(slices.Max(p.Took[1:]))
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// The kinds of pages, and where they are opened. Neither office has the attacker's
// address: a lockout that it shared would refuse its requests whatever waits.
const (
	pageOfMany     = "page of many"
	pageOfOne      = "page of one"
	officeOfMany   = "127.51.0.1"
	officeOfOne    = "127.51.0.2"
	firstColleague = 100
)

// officeRequest is the i-th request of a page of each kind.
var officeRequest = map[string]func(i int) Shot{
	pageOfMany: func(i int) Shot {
		return Shot{From: officeOfMany, Browser: i, Auth: bearer(honestToken(firstColleague + i)), Mark: Honest}
	},
	pageOfOne: func(int) Shot {
		return Shot{From: officeOfOne, Auth: bearer(honestToken(1)), Mark: Honest, H2: true}
	},
}

// pages are opened while an attacker sends bursts of guesses.
func pages(s Sizes) Attack {
	return Attack{
		Name: "In parallel, while offices open pages",
		What: fmt.Sprintf("The volleys of HTTP/1.1 again. In each window two offices, at other addresses, open a page of %d requests at once, with tokens that are right: "+
			"in one, as many users send one request each, on connections of their own (\"%s\"), and in the other, one user sends all, as streams of one HTTP/2 connection (\"%s\"). "+
			"These columns say how long the first page took and the slowest of the later ones, or how many requests got no answer but a refusal. The service takes %s for each.",
			s.Page, pageOfMany, pageOfOne, think),
		Teaches: "Waiting costs time, a refusal costs the page. Requests with one token do not wait for each other: nobody guesses the same thing twice. " +
			"Requests of many users wait in turns, until the service has accepted each token once; a worker remembers those that it accepted.",
		Think: think, Alone: true, Fresh: true,
		Variants: []Variant{oneWorker, notHolding, pending},
		Hardened: pendingBound(1),
		Pages:    []string{pageOfMany, pageOfOne},
		Bound:    atOnce(usualWorkers),
		Run: func(ctx context.Context, f *Field) error {
			f.fire(ctx, Shot{From: officeOfOne, Path: "/healthz", Mark: Own, H2: true})
			var group sync.WaitGroup
			for kind, request := range officeRequest {
				group.Go(func() {
					f.spread(ctx, f.Sizes.Windows, 1, f.Sizes.Length(), func(int) { f.open(ctx, kind, request) })
				})
			}
			f.volleys(ctx, false)
			group.Wait()
			return nil
		},
	}
}

// open opens a page and writes down what came of it.
func (f *Field) open(ctx context.Context, kind string, request func(i int) Shot) {
	var lost atomic.Int64
	began := time.Now()
	volley(f.Sizes.Page, func(i int) {
		if status := f.fire(ctx, request(i)); status != 200 {
			lost.Add(1)
		}
	})
	took := time.Since(began)
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pages[kind]
	p.Took = append(p.Took, took)
	p.Requests += f.Sizes.Page
	p.Lost += int(lost.Load())
	f.pages[kind] = p
}
