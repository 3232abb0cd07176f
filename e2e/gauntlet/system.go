package gauntlet

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// Edge is how a proxy is configured to determine the client's address.
type Edge int

const (
	// Direct is at the edge: the client is the peer of the connection
	// (use_remote_address: true).
	Direct Edge = iota
	// Hop is behind one proxy that appends to X-Forwarded-For, and reachable only
	// through it (xff_num_trusted_hops: 1).
	Hop
	// Believed is at the edge, and takes X-Forwarded-For for true
	// (use_remote_address: false).
	Believed
)

// usualWorkers is how many workers Envoy has, where a variant has no other number.
const usualWorkers = 2

// Setup is what a system is started with.
type Setup struct {
	Tools   Tools
	Limit   Limit
	Edge    Edge
	Table   int // how many clients it holds
	Variant Variant
	Workers int    // of Envoy
	Service string // address of the demo service
	Referee *Referee
	Dir     string // for its files
}

// System is one that can be attacked.
type System struct {
	Name   string
	Family Family
	// ByNetwork tells whether all of an IPv6 /64 is one client.
	ByNetwork bool
	// ReadsBodies tells whether it sees a failure in the body of a response.
	ReadsBodies bool
	// SlowestMinute tells whether it cannot forget slower than by one a minute.
	SlowestMinute bool
	// Start returns ErrNotInBuild if the system cannot be configured so.
	Start func(ctx context.Context, s Setup) (*Target, error)
}

// ErrNotInBuild tells whether the filter refused a configuration: a feature that it
// has not (yet).
var ErrNotInBuild = errors.New("not in this build")

// Target is a system that runs.
type Target struct {
	// Send sends one request and returns the status of the answer.
	Send func(ctx context.Context, s Shot) (int, error)
	// Stop ends it.
	Stop func()
	// Clock is set where the time is set by hand.
	Clock Clock
	// Envoy is the process, nil where it is none.
	Envoy *envoy.Process
}

// Usual are the systems that most attacks are played against.
func Usual(t Tools) []System {
	systems := []System{gatewarden(), localRateLimit()}
	if t.Nginx.Path != "" {
		systems = append(systems, nginx())
	}
	if t.HAProxy.Path != "" {
		systems = append(systems, haproxy())
	}
	return systems
}

// readers are systems that search the bodies of responses, which is of use where these
// say what failed.
func readers(t Tools) []System {
	if t.HAProxy.Path == "" {
		return nil
	}
	return []System{haproxyReading()}
}

// What every system has to do before it is attacked.
const (
	checkGuesser = "127.99.0.1"
	checkHonest  = "127.99.0.2"
)

// checkWorks makes sure that a system lets an honest client pass, and limits one
// that guesses from one address: a limiter that does not work would lose here
// for the wrong reason.
func checkWorks(ctx context.Context, t *Target, l Limit) error {
	for i := range l.Failures - 1 {
		status, err := t.Send(ctx, Shot{From: checkHonest, Auth: bearer(honestToken(0)), Mark: Honest})
		if err != nil || status != 200 {
			return fmt.Errorf("an honest request, the %d. of its client, got %d (%w)", i+1, status, orNone(err))
		}
	}
	for range 3 * l.Failures {
		status, err := t.Send(ctx, Shot{From: checkGuesser, Auth: bearer("check"), Mark: Flood})
		if err != nil {
			return err
		}
		if status == 429 {
			return nil
		}
	}
	return fmt.Errorf("%d guesses in sequence from one address were all let through", 3*l.Failures)
}

var errNone = errors.New("no error")

func orNone(err error) error {
	if err == nil {
		return errNone
	}
	return err
}
