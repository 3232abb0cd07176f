package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// otherAttackerAddress is where somebody begins to guess while the store is gone.
const otherAttackerAddress = "127.0.0.67"

const (
	// share is what each of the two proxies allows alone.
	share = limit / 2
	// locked is how long a lockout lasts in a fleet.
	locked = 5 * time.Minute
	// slow is more than any request of the customer takes on a busy machine, and less than
	// one would take that waits for a call to the store.
	slow = time.Second
	// playing is more than the scenes take. The service's windows begin with the hour:
	// failures of one do not count in the next.
	playing = 90 * time.Second
)

// fleetShow plays an attack on two proxies for people to watch.
type fleetShow struct {
	stage
	stack *stack
	store *store
	// Each of them is a client with a visitor for each proxy.
	attacker, other, customer pair
	// background is what goes on while the store is gone.
	background *background
	// killed is when that was, gone for how long.
	killed time.Time
	gone   time.Duration
}

// pair is a client of two proxies.
type pair [2]*visitor

// guesses and rightful are what was asked of both proxies.
func (p pair) guesses() tally  { return p[0].guesses.plus(p[1].guesses) }
func (p pair) rightful() tally { return p[0].rightful.plus(p[1].rightful) }

func newFleetShow(ctx context.Context, s *stack, store *store, forwarded bool, out io.Writer) (*fleetShow, error) {
	f := &fleetShow{stage: newStage(ctx, out), stack: s, store: store, background: newBackground(ctx)}
	for _, client := range []struct {
		address string
		pair    *pair
	}{
		{customerAddress, &f.customer}, {attackerAddress, &f.attacker}, {otherAttackerAddress, &f.other},
		{customerAddress, &f.background.customer}, {attackerAddress, &f.background.locked},
	} {
		for i := range client.pair {
			var err error
			if client.pair[i], err = newVisitor(client.address, s.proxies[i].public, forwarded); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

func (f *fleetShow) play() error {
	if err := f.awaitWindow(); err != nil {
		return err
	}
	defer f.background.stop()
	err := f.stage.play([]scene{
		{"A customer at " + customerAddress + " has the right token. Both proxies serve it.", f.customerIsServed},
		{fmt.Sprintf("An attacker at %s guesses at both in turns. Together, they let %d failures through, and what comes until both know.", attackerAddress, limit), f.guess},
		{"Now both refuse even the right token.", f.bothRefuse},
		{"Redis is killed. The rate limit service has no answers any more.", f.kill},
		{"Both proxies noticed. The lockout holds, the customer is served, nobody waits.", f.degraded},
		{fmt.Sprintf("Another attacker, at %s, meets a proxy that counts alone. It allows its share: %d divided by 2 proxies.", otherAttackerAddress, limit), f.meetShare},
		{"Redis comes back, empty. Nobody has to do anything else.", f.recover},
		{fmt.Sprintf("The failures that had to wait were reported: at the other proxy, the second attacker has what is left of %d.", limit), f.rest},
		{"The customer noticed nothing, and the first attacker is still locked out.", f.end},
	})
	if err != nil {
		return err
	}
	return f.verdict()
}

// awaitWindow waits until a window has enough left for all scenes.
func (f *fleetShow) awaitWindow() error {
	left := time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))
	if left > playing {
		return nil
	}
	f.printf("\nThe service counts by the hour. The next one begins in %.0f seconds.\n", left.Seconds())
	return f.pause(left)
}

// verdict says what came of it, and holds it to what the service has counted.
func (f *fleetShow) verdict() error {
	first, other := f.attacker.guesses(), f.other.guesses()
	customer, sample := f.customer.rightful(), f.background.sample()
	f.printf("\n%s\n", foldText(fmt.Sprintf(
		"%s Two attackers guessed at two proxies, the second one while the store was gone for %.1f seconds. The limit is %d failures: %d and %d of their guesses reached the service. Of the customer's %d requests, %d were refused. The slowest took %d milliseconds.",
		f.look.bold("Verdict:"), f.gone.Seconds(), limit, first.served(), other.served(),
		customer.sent+sample.customer.sent, customer.refused+sample.customer.refused, sample.slowest.Milliseconds()), ""))
	rightful := f.attacker.rightful()
	if err := errors.Join(
		expect("requests of the customer that were refused", customer.refused+sample.customer.refused, 0),
		expect("requests that the service counts", f.stack.service.Seen()["rest"],
			first.served()+other.served()+customer.sent+sample.customer.sent+rightful.served()),
	); err != nil {
		return err
	}
	f.printf(`
Next:
  make run FLEET=1          the same, for you to try with curl
  docs/fleet.md             what takes part, and what happens without the store
  deploy/fleet              the same for production
`)
	return nil
}
