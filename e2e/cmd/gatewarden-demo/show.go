package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

const (
	attackerAddress = "127.0.0.66"
	customerAddress = "127.0.0.2"
)

// show plays an attack for people to watch.
type show struct {
	stage
	stack              *stack
	attacker, customer *visitor
	// began and ended frame the attacker's first guess at the REST API, with
	// which the window begins.
	began, ended time.Time
}

func newShow(ctx context.Context, s *stack, forwarded bool, out io.Writer) (*show, error) {
	attacker, err := newVisitor(attackerAddress, s.proxies[0].public, forwarded)
	if err != nil {
		return nil, err
	}
	customer, err := newVisitor(customerAddress, s.proxies[0].public, forwarded)
	if err != nil {
		return nil, err
	}
	return &show{stage: newStage(ctx, out), stack: s, attacker: attacker, customer: customer}, nil
}

func (s *show) play() error {
	err := s.stage.play([]scene{
		{"A customer at " + customerAddress + " has the right token.", s.customerIsServed},
		{fmt.Sprintf("An attacker at %s guesses tokens: %d failures within %d seconds are let through.", attackerAddress, limit, window/time.Second), s.guess},
		{fmt.Sprintf("Guess %d is refused, and never reaches the service.", limit+1), s.refusal},
		{"Now even the right token is refused: the lockout tells the attacker nothing.", s.rightTokenIsRefused},
		{"The customer notices nothing.", s.customerIsServed},
		{"The same attack on the MCP server, which allows 3. An MCP client gets an error that it understands, with the id of its request.", s.attackMCP},
		{"What the operator sees: Envoy's log, the access log, the metrics.", s.observe},
		{"The lockout ends when Retry-After said it would. Seconds left:", s.unlock},
	})
	if err != nil {
		return err
	}
	return s.verdict()
}

// verdict says what came of it, and holds it to what the service has counted.
func (s *show) verdict() error {
	guesses, customer := s.attacker.guesses, s.customer.rightful
	reached := guesses.sent - guesses.refused
	s.printf("\n%s\n", foldText(fmt.Sprintf(
		"%s Of %d wrong tokens for the REST API, %d reached the service. Of the customer's %d requests, %d were refused.",
		s.look.bold("Verdict:"), guesses.sent, reached, customer.sent, customer.refused), ""))
	own := s.attacker.rightful
	if err := errors.Join(
		expect("guesses that reached the service", reached, limit),
		expect("requests of the customer that were refused", customer.refused, 0),
		expect("requests that the service counts", s.stack.service.Seen()["rest"],
			reached+customer.sent+own.sent-own.refused),
	); err != nil {
		return err
	}
	s.printf(`
Next:
  make run                  the same, for you to try with curl
  README.md, "Configure"    the smallest rules of your own
  docs/gauntlet.md          harder attacks, and what else there is against them
`)
	return nil
}

// visitor is a client of the service.
type visitor struct {
	base      string
	http      *http.Client
	forwarded string // its address, if it has to be told
	// What was asked of the REST API, with wrong tokens and with the right one.
	guesses, rightful tally
}

// tally counts requests.
type tally struct{ sent, refused int }

func (t tally) plus(other tally) tally {
	return tally{t.sent + other.sent, t.refused + other.refused}
}

// served is how many were not refused.
func (t tally) served() int { return t.sent - t.refused }

func newVisitor(address, public string, forwarded bool) (*visitor, error) {
	v := &visitor{base: "http://" + public}
	source := address
	if forwarded {
		source, v.forwarded = "127.0.0.1", address
	}
	var err error
	v.http, err = client.New(source, client.HTTP1)
	return v, err
}

// answer is what came back.
type answer struct {
	status int
	wait   int // Retry-After
	body   string
}

func (v *visitor) ask(ctx context.Context, method, path, token, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, text/event-stream")
	}
	if v.forwarded != "" {
		request.Header.Set("X-Forwarded-For", v.forwarded)
	}
	response, err := v.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	a := answer{status: response.StatusCode, body: strings.TrimSpace(string(text))}
	a.wait, _ = strconv.Atoi(response.Header.Get("Retry-After")) // 0 without
	return a, err
}

func (v *visitor) items(ctx context.Context, token string) (answer, error) {
	a, err := v.ask(ctx, http.MethodGet, "/api/v1/items", token, "")
	counts := &v.guesses
	if token == right {
		counts = &v.rightful
	}
	counts.sent++
	if a.status == http.StatusTooManyRequests {
		counts.refused++
	}
	return a, err
}

func expect(what string, got, want int) error {
	if got != want {
		return fmt.Errorf("%s: %d instead of %d", what, got, want)
	}
	return nil
}

// guessed is the i-th token that the attacker tries.
func guessed(i int) string { return fmt.Sprintf("guess-%04d", i) }

const right = service.Token
