package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

func (s *show) customerIsServed() error {
	a, err := s.customer.items(s.ctx, right)
	if err != nil {
		return err
	}
	s.printf("   GET /api/v1/items: %s\n", s.status(a.status))
	return expect("the customer's request", a.status, 200)
}

// guess lets the attacker use up the allowance, slowly enough to watch.
func (s *show) guess() error {
	pace := time.NewTicker(80 * time.Millisecond)
	defer pace.Stop()
	s.printf("  ")
	for i := 1; i <= limit; i++ {
		if i == 1 {
			s.began = time.Now()
		}
		a, err := s.attacker.items(s.ctx, guessed(i))
		if err != nil {
			return err
		}
		if i == 1 {
			s.ended = time.Now()
		}
		if i > 1 && i%10 == 1 {
			s.printf("\n  ")
		}
		s.printf(" %s", s.status(a.status))
		if err := expect(fmt.Sprintf("guess %d", i), a.status, 401); err != nil {
			return err
		}
		select {
		case <-pace.C:
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
	s.printf("\n")
	return nil
}

func (s *show) refusal() error {
	before := s.stack.service.Seen()["rest"]
	a, err := s.attacker.items(s.ctx, guessed(limit+1))
	if err != nil {
		return err
	}
	s.printf("   %s, Retry-After: %d\n   %s\n", s.status(a.status), a.wait, foldText(a.body, "   "))
	after := s.stack.service.Seen()["rest"]
	if a.wait < 1 || a.wait > int(window/time.Second) {
		err = fmt.Errorf("Retry-After is %d", a.wait)
	}
	return errors.Join(err,
		expect(fmt.Sprintf("guess %d", limit+1), a.status, 429),
		expect("requests that reached the service", after-before, 0))
}

func (s *show) rightTokenIsRefused() error {
	a, err := s.attacker.items(s.ctx, right)
	if err != nil {
		return err
	}
	s.printf("   %s, Retry-After: %d\n", s.status(a.status), a.wait)
	return expect("the right token from a locked client", a.status, 429)
}

func (s *show) attackMCP() error {
	const id = `"call-7"`
	const call = `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`
	s.printf("  ")
	for i := 1; i <= 4; i++ {
		a, err := s.attacker.ask(s.ctx, "POST", "/mcp", guessed(i), call)
		if err != nil {
			return err
		}
		s.printf(" %s", s.status(a.status))
		if i < 4 {
			if err := expect("a guess at the MCP server", a.status, 401); err != nil {
				return err
			}
			continue
		}
		s.printf("\n   %s\n", foldText(a.body, "   "))
		if err := expect("guess 4 at the MCP server", a.status, 429); err != nil {
			return err
		}
		if !strings.Contains(a.body, `"id":`+id) {
			return fmt.Errorf("the error does not carry the id %s", id)
		}
	}
	return nil
}

// observe shows one line of each: the filter's warnings, the access log, and the
// metrics, which lag a little behind.
func (s *show) observe() error {
	var warnings, access []string
	ctx, cancel := context.WithTimeoutCause(s.ctx, 8*time.Second, errors.New("8 seconds are over"))
	defer cancel()
	err := wait.Until(ctx, "log lines about the refusal", func() (bool, error) {
		warnings = s.stack.proxies[0].envoy.Log.Lines("gatewarden:", "surface=rest", "reason=locked_out")
		access = s.stack.proxies[0].envoy.Access.Lines("gatewarden_locked_out", "/api/v1/items")
		return len(warnings) > 0 && len(access) > 0, nil
	})
	if err != nil {
		return err
	}
	warning := warnings[0]
	s.printf("   %s\n", foldText(warning[strings.LastIndex(warning, "gatewarden:"):], "   "))
	s.printf("   %s\n", foldText(access[0], "   "))
	for _, m := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"gatewarden_auth_failures_total", []string{"surface=rest"}, limit},
		{"gatewarden_lockouts_total", []string{"surface=rest"}, 1},
		{"gatewarden_rate_limited_requests_total", []string{"surface=rest", "reason=locked_out"}, 2},
		{"gatewarden_rate_limited_requests_total", []string{"surface=mcp", "reason=locked_out"}, 1},
	} {
		err := wait.Until(ctx, m.name, func() (bool, error) {
			metrics, err := s.stack.proxies[0].envoy.Metrics(ctx)
			return err == nil && metrics.Value(m.name, m.labels...) == m.want, err
		})
		if err != nil {
			return err
		}
		s.printf("   %s{%s} %v\n", m.name, strings.Join(m.labels, ","), m.want)
	}
	return nil
}

// unlock asks until the attacker is served again and holds the moment against
// the window, which began with the first guess.
func (s *show) unlock() error {
	earliest, latest := s.began.Add(window), s.ended.Add(window)
	ctx, cancel := context.WithDeadlineCause(s.ctx, latest.Add(3*time.Second), errors.New("the lockout should be over"))
	defer cancel()
	s.printf("  ")
	last := 0
	err := wait.Until(ctx, "the lockout to end", func() (bool, error) {
		sent := time.Now()
		a, err := s.attacker.items(ctx, right)
		if err != nil {
			return false, err
		}
		if a.status == 200 {
			if early := time.Until(earliest); early > 5*time.Millisecond {
				return false, fmt.Errorf("free %s too early", early)
			}
			return true, nil
		}
		if late := sent.Sub(latest); late > 5*time.Millisecond {
			return false, fmt.Errorf("still %d %s after the end", a.status, late)
		}
		if a.wait != last {
			s.printf(" %d", a.wait)
			last = a.wait
		}
		return false, expect("a request during the lockout", a.status, 429)
	})
	if err != nil {
		return err
	}
	s.printf(": %s, %.2f seconds after the first guess\n", s.status(http.StatusOK), time.Since(s.began).Seconds())
	return nil
}
