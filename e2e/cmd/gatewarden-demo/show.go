package main

import (
	"context"
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
	ctx                context.Context
	stack              *stack
	out                io.Writer
	attacker, customer *visitor
	// began and ended frame the attacker's first guess at the REST API, with
	// which the window begins.
	began, ended time.Time
}

func newShow(ctx context.Context, s *stack, forwarded bool, out io.Writer) (*show, error) {
	attacker, err := newVisitor(attackerAddress, s.public, forwarded)
	if err != nil {
		return nil, err
	}
	customer, err := newVisitor(customerAddress, s.public, forwarded)
	if err != nil {
		return nil, err
	}
	return &show{ctx: ctx, stack: s, out: out, attacker: attacker, customer: customer}, nil
}

// play stops at the first scene that does not go as it should.
func (s *show) play() error {
	for _, scene := range []struct {
		title string
		play  func() error
	}{
		{"A customer at " + customerAddress + " has the right token.", s.customerIsServed},
		{fmt.Sprintf("An attacker at %s guesses tokens. %d failures in %d seconds are allowed.", attackerAddress, limit, window/time.Second), s.guess},
		{"Guess 21 is refused, and does not reach the service.", s.refusal},
		{"While locked out, even the right token is refused: the lock tells the attacker nothing.", s.rightTokenIsRefused},
		{"The customer notices nothing.", s.customerIsServed},
		{"The same attack on the MCP server (3 failures). The refusal is a JSON-RPC error with the request's id.", s.attackMCP},
		{"What the operator sees.", s.observe},
		{"The lockout ends when Retry-After said it would.", s.unlock},
	} {
		s.printf("\n%s\n", scene.title)
		if err := scene.play(); err != nil {
			s.printf("\n")
			return fmt.Errorf("this is not what should have happened: %w", err)
		}
		// Time to read, nothing else waits for it.
		select {
		case <-time.After(700 * time.Millisecond):
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	s.printf("\nThat was the show: %q starts the same for you to try.\n", "make run")
	return nil
}

func (s *show) printf(format string, args ...any) { say(s.out, format, args...) }

// visitor is a client of the service.
type visitor struct {
	base      string
	http      *http.Client
	forwarded string // its address, if it has to be told
}

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
	return v.ask(ctx, http.MethodGet, "/api/v1/items", token, "")
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
