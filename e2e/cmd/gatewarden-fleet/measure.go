package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/fleet"
	machinery "github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// The variants, and what readers call them.
const (
	bare       = "bare"
	asyncLocal = "async"
	firstLocal = "first"
	syncLocal  = "sync"
	syncClosed = "sync-closed"
	syncOpen   = "sync-open"
	requests   = "requests"
	failures   = "failures"
)

var called = map[string]string{
	bare:       "Envoy without a filter",
	requests:   "Envoy's `ratelimit`, counting requests",
	failures:   "Envoy's `ratelimit`, counting failures",
	asyncLocal: "Gatewarden, `async`",
	firstLocal: "Gatewarden, `first`",
	syncLocal:  "Gatewarden, `sync`",
	syncClosed: "Gatewarden, `sync`, `closed`",
	syncOpen:   "Gatewarden, `sync`, `open`",
}

// timeout is how long Envoy's own filter waits, as long as the filter.
const timeout = "0.02s"

// aWhile is more than anything takes that needs one window.
const aWhile = 30 * time.Minute

// daily are rules whose windows end when nothing is measured.
var daily = fleet.Rules{Failures: 20, Window: 24 * time.Hour}

// stand brings up a stand with these variants.
func (m *measuring) stand(ctx context.Context, rules fleet.Rules, change func(o *machinery.Options), variants ...machinery.Variant) (*machinery.Stand, error) {
	options := rules.Options(variants...)
	if change != nil {
		change(&options)
	}
	return m.lab.Stand(ctx, options)
}

func propagation(ctx context.Context, m *measuring) (string, error) {
	clients, quiet := 100, 30
	if m.quick {
		clients, quiet = 10, 5
	}
	if err := fleet.AwaitWindow(ctx, daily.Window, aWhile); err != nil {
		return "", err
	}
	variants := []string{asyncLocal, firstLocal, syncLocal, failures}
	s, err := m.stand(ctx, daily, nil, daily.Filter(asyncLocal, "async", "local"), daily.Filter(firstLocal, "first", "local"),
		daily.Filter(syncLocal, "sync", "local"), machinery.CountingFailures(failures, timeout))
	if err != nil {
		return "", err
	}
	defer s.Close()
	var all []fleet.Spreads
	for _, v := range variants {
		m.say("propagation: %s", called[v])
		sequence := fleet.Spreads{Name: called[v], How: "in sequence"}
		parallel := fleet.Spreads{Name: called[v], How: "200 in parallel"}
		for range clients {
			one, err := fleet.Sequence(s, v, daily.Failures)
			if err != nil {
				return "", err
			}
			sequence.All = append(sequence.All, one)
		}
		for range max(clients/5, 5) {
			one, err := fleet.Parallel(s, v, daily.Failures, 200)
			if err != nil {
				return "", err
			}
			parallel.All = append(parallel.All, one)
		}
		calm, err := allQuiet(ctx, s, v, quiet)
		if err != nil {
			return "", err
		}
		all = append(all, sequence, parallel, fleet.Spreads{Name: called[v], How: "none after the limit", All: calm})
	}
	return fleet.WriteSpreads(all), nil
}

// allQuiet has many clients reach the limit and stop, at about the same time: most of the
// time, they wait.
func allQuiet(ctx context.Context, s *machinery.Stand, variant string, clients int) ([]fleet.Spread, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	spreads, failed := make([]fleet.Spread, clients), make([]error, clients)
	var group sync.WaitGroup
	var turn sync.Mutex
	for i := range clients {
		group.Go(func() {
			spreads[i], failed[i] = fleet.Quiet(ctx, s, variant, daily.Failures, 200*time.Millisecond, &turn)
		})
	}
	group.Wait()
	return spreads, errors.Join(failed...)
}

func faults(ctx context.Context, m *measuring) (string, error) {
	rules := fleet.Rules{Failures: 20, Window: time.Minute, Replicas: 3}
	pace := fleet.Pace{
		Duration: 20 * time.Second, Recovery: time.Minute,
		Valid: 20 * time.Millisecond, Locked: 100 * time.Millisecond, Guess: 50 * time.Millisecond,
	}
	partition := time.Minute
	if m.quick {
		rules.Window, pace.Duration, partition = 10*time.Second, 3*time.Second, 3*time.Second
	}
	variants := []string{asyncLocal, syncClosed, syncOpen, failures}
	var rows []fleet.FaultRow
	for _, f := range fleet.Faults(rules.Window / 2) {
		m.say("fault: %s", f.Name)
		s, err := m.stand(ctx, rules, f.Setup, rules.Filter(asyncLocal, "async", "local"), rules.Filter(syncClosed, "sync", "closed"),
			rules.Filter(syncOpen, "sync", "open"), machinery.CountingFailures(failures, timeout))
		if err != nil {
			return "", err
		}
		played := pace
		if f.Name == "a partition" {
			played.Duration = partition
		}
		outcomes, err := fleet.Play(ctx, s, rules, f, played, variants)
		s.Close()
		if err != nil {
			return "", fmt.Errorf("%w\n%s", err, s.Logs())
		}
		rows = append(rows, fleet.FaultRow{Fault: f.Name, Outcomes: outcomes})
	}
	return fleet.WriteFaults(rows, called), nil
}

func load(ctx context.Context, m *measuring) (string, error) {
	rounds, each := 20, time.Second
	if m.quick {
		rounds, each = 2, 300*time.Millisecond
	}
	s, err := m.stand(ctx, daily, nil, machinery.Bare, daily.Filter(asyncLocal, "async", "local"), daily.Filter(firstLocal, "first", "local"),
		daily.Filter(syncLocal, "sync", "local"),
		machinery.CountingRequests(requests, timeout), machinery.CountingFailures(failures, timeout))
	if err != nil {
		return "", err
	}
	defer s.Close()
	m.say("load")
	all, err := fleet.Load(ctx, s, []string{bare, asyncLocal, firstLocal, syncLocal, requests, failures}, rounds, each)
	if err != nil {
		return "", err
	}
	return fleet.WriteLoad(all, called), nil
}

func flood(ctx context.Context, m *measuring) (string, error) {
	duration := 10 * time.Second
	if m.quick {
		duration = time.Second
	}
	if err := fleet.AwaitWindow(ctx, daily.Window, aWhile); err != nil {
		return "", err
	}
	s, err := m.stand(ctx, daily, nil, fleet.BeforeWall(daily.Filter(asyncLocal, "async", "local")),
		fleet.BeforeWall(daily.Filter(firstLocal, "first", "local")),
		fleet.BeforeWall(daily.Filter(syncLocal, "sync", "local")), fleet.BeforeWall(machinery.CountingFailures(failures, timeout)))
	if err != nil {
		return "", err
	}
	defer s.Close()
	var all []fleet.Flooded
	for _, variant := range []string{asyncLocal, firstLocal, syncLocal, failures} {
		for _, proxies := range []int{1, 3} {
			for _, addresses := range []int{1, 10_000} {
				f := fleet.Flood{Variant: variant, Addresses: addresses, Proxies: proxies, PerSecond: 20_000, Duration: duration}
				m.say("flood: %+v", f)
				r, err := f.Play(ctx, s)
				if err != nil {
					return "", err
				}
				all = append(all, r)
			}
		}
	}
	return fleet.WriteFloods(all, called), nil
}
