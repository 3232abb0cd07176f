package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// ask has a client ask both proxies with the right token.
func (f *fleetShow) ask(client pair, want int) error {
	f.printf("  ")
	var waits []string
	for i, v := range client {
		a, err := v.items(f.ctx, right)
		if err != nil {
			return err
		}
		f.printf(" %s", f.status(a.status))
		if err := expect(fmt.Sprintf("a request at proxy %d", i+1), a.status, want); err != nil {
			return err
		}
		if want != http.StatusTooManyRequests {
			continue
		}
		if a.wait < 1 || a.wait > int(locked/time.Second) {
			return fmt.Errorf("Retry-After of proxy %d is %d", i+1, a.wait)
		}
		waits = append(waits, strconv.Itoa(a.wait))
	}
	if len(waits) > 0 {
		f.printf(", Retry-After: %s", strings.Join(waits, " and "))
	}
	f.printf("\n")
	return nil
}

func (f *fleetShow) customerIsServed() error { return f.ask(f.customer, http.StatusOK) }

func (f *fleetShow) bothRefuse() error { return f.ask(f.attacker, http.StatusTooManyRequests) }

// guess lets the attacker guess at both proxies in turns, until both refuse.
func (f *fleetShow) guess() error {
	if err := f.guesses(f.attacker, limit, inTurns); err != nil {
		return err
	}
	reached := time.Now()
	more, err := f.untilRefused(f.attacker, inTurns, 2)
	if err != nil {
		return err
	}
	f.printf("   %s\n", foldText(fmt.Sprintf("Both knew %d milliseconds after failure %d. Meanwhile, %s reached the service.",
		time.Since(reached).Milliseconds(), limit, count(more, "more guess", "more guesses")), "   "))
	return nil
}

// Which proxy the i-th guess goes to.
func inTurns(i int) int { return (i - 1) % 2 }
func toFirst(int) int   { return 0 }
func toSecond(int) int  { return 1 }

// guesses lets a client guess, slowly enough to watch. All of them reach the service.
func (f *fleetShow) guesses(client pair, count int, proxy func(i int) int) error {
	f.printf("  ")
	for i := 1; i <= count; i++ {
		if i > 1 {
			if err := f.pause(80 * time.Millisecond); err != nil {
				return err
			}
		}
		a, err := client[proxy(i)].items(f.ctx, guessed(i))
		if err != nil {
			return err
		}
		if i > 1 && i%10 == 1 {
			f.printf("\n  ")
		}
		f.printf(" %s", f.status(a.status))
		if err := expect(fmt.Sprintf("guess %d", i), a.status, http.StatusUnauthorized); err != nil {
			return err
		}
	}
	f.printf("\n")
	return nil
}

// untilRefused lets a client guess on until all proxies that it guesses at refuse, and
// returns how many guesses reached the service. Each pause is twice as long as the one
// before. A proxy that counts alone would let share or more through.
func (f *fleetShow) untilRefused(client pair, proxy func(i int) int, proxies int) (more int, err error) {
	f.printf("  ")
	refused := map[int]bool{}
	for i := 1; len(refused) < proxies; i++ {
		a, err := client[proxy(i)].items(f.ctx, guessed(limit+i))
		if err != nil {
			return more, err
		}
		f.printf(" %s", f.status(a.status))
		switch a.status {
		case http.StatusTooManyRequests:
			refused[proxy(i)] = true
		case http.StatusUnauthorized:
			more++
		default:
			return more, expect("a guess", a.status, http.StatusTooManyRequests)
		}
		if more >= share {
			return more, fmt.Errorf("%d more guesses reached the service: the proxies do not count together", more)
		}
		if err := f.pause(min(5*time.Millisecond<<i, time.Second)); err != nil {
			return more, err
		}
	}
	f.printf("\n")
	return more, nil
}

func count(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (f *fleetShow) kill() error {
	f.background.start()
	f.killed = time.Now()
	f.store.Redis.Kill()
	for i := range f.stack.proxies {
		line, err := f.awaitLog(i, "fleet not heard")
		if err != nil {
			return err
		}
		f.printf("   Proxy %d, after %.1f seconds:\n   %s\n", i+1, time.Since(f.killed).Seconds(), foldText(line, "   "))
	}
	return nil
}

// awaitLog waits for a line of the filter in the log of a proxy.
func (f *fleetShow) awaitLog(proxy int, what string) (line string, err error) {
	ctx, cancel := context.WithTimeoutCause(f.ctx, 30*time.Second, errors.New("30 seconds are over"))
	defer cancel()
	err = wait.Until(ctx, what, func() (bool, error) {
		lines := f.stack.proxies[proxy].envoy.Log.Lines("gatewarden: " + what)
		if len(lines) > 0 {
			line = lines[0][strings.LastIndex(lines[0], "gatewarden:"):]
		}
		return line != "", f.background.failed()
	})
	return line, err
}

// awaitMetric waits until a proxy has a metric with a value, and shows it.
func (f *fleetShow) awaitMetric(proxy int, want float64, name string, labels ...string) error {
	if err := f.stack.proxies[proxy].envoy.AwaitMetric(f.ctx, want, name, labels...); err != nil {
		return err
	}
	if len(labels) > 0 {
		name += "{" + strings.Join(labels, ",") + "}"
	}
	f.printf("   Proxy %d: %s %v\n", proxy+1, name, want)
	return nil
}

// awaitAlone waits until a proxy says that it counts alone, and shows that.
func (f *fleetShow) awaitAlone(proxy int) error {
	const name = "gatewarden_fleet_alone_seconds_total"
	p := f.stack.proxies[proxy].envoy
	err := wait.Until(f.ctx, name, func() (bool, error) {
		metrics, err := p.Metrics(f.ctx)
		return err == nil && metrics.Value(name) > 0, err
	})
	if err == nil {
		f.printf("   Proxy %d: %s grows\n", proxy+1, name)
	}
	return err
}

func (f *fleetShow) degraded() error {
	for i := range f.stack.proxies {
		if err := f.awaitAlone(i); err != nil {
			return err
		}
	}
	if err := errors.Join(f.ask(f.attacker, http.StatusTooManyRequests), f.ask(f.customer, http.StatusOK)); err != nil {
		return err
	}
	return f.sayBackground()
}

// sayBackground says what the customer has seen since the store was killed.
func (f *fleetShow) sayBackground() error {
	seen := f.background.sample()
	f.printf("   %s\n", foldText(fmt.Sprintf("Since then, the customer was served %d times; it took %d milliseconds at most. The attacker was refused %d times.",
		seen.customer.sent, seen.slowest.Milliseconds(), seen.locked.refused), "   "))
	if seen.slowest >= slow {
		return fmt.Errorf("a request took %s", seen.slowest)
	}
	return f.background.failed()
}

func (f *fleetShow) meetShare() error {
	if err := f.guesses(f.other, share, toFirst); err != nil {
		return err
	}
	a, err := f.other[0].items(f.ctx, guessed(share+1))
	if err != nil {
		return err
	}
	f.printf("   %s\n", f.status(a.status))
	if err := expect(fmt.Sprintf("guess %d", share+1), a.status, http.StatusTooManyRequests); err != nil {
		return err
	}
	return f.awaitMetric(0, 1, "gatewarden_fleet_reports_pending")
}

func (f *fleetShow) recover() error {
	if err := f.store.Redis.Start(f.ctx); err != nil {
		return err
	}
	back := time.Now()
	f.gone = back.Sub(f.killed)
	for i := range f.stack.proxies {
		line, err := f.awaitLog(i, "fleet heard again")
		if err != nil {
			return err
		}
		f.printf("   Proxy %d, after %.1f seconds:\n   %s\n", i+1, time.Since(back).Seconds(), foldText(line, "   "))
	}
	return errors.Join(
		f.awaitMetric(0, 0, "gatewarden_fleet_reports_pending"),
		f.awaitMetric(0, 0, "gatewarden_fleet_reports_total", "outcome=lost"))
}

// rest lets the second attacker have at the other proxy what is left of the limit.
func (f *fleetShow) rest() error {
	if err := f.guesses(f.other, limit-share, toSecond); err != nil {
		return err
	}
	more, err := f.untilRefused(f.other, toSecond, 1)
	if err != nil {
		return err
	}
	f.printf("   %s\n", foldText(fmt.Sprintf("After %d guesses in all, it is locked out here, too.", limit+more), "   "))
	return nil
}

func (f *fleetShow) end() error {
	f.background.stop()
	if err := f.ask(f.attacker, http.StatusTooManyRequests); err != nil {
		return err
	}
	return f.sayBackground()
}
