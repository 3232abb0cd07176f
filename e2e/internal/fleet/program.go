// Package fleet runs several Envoys with one rate limit service and one Redis, all of them
// real, and puts between them what disturbs: programs are killed and frozen, connections
// are slow, cut, or carry garbage.
//
//	program.go    programs that are started, ended, frozen, and started again
//	redis.go      Redis, with a replica and Sentinel where that is wanted
//	ratelimit.go  envoyproxy/ratelimit
//	store.go      the two of them alone, for a demo
//	relay.go      connections through which nothing or something else comes
//	garble.go     a service of the right protocol that answers nonsense
//	backend.go    the service behind the proxies, which counts guesses
//	wall.go       another one, which is as fast as can be
//	domain.go     what the service is told
//	stand.go      all of it together
//	listener.go   what the proxies are told
//	probe.go      requests
package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/child"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/port"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// Program is one that serves at an address, and again at the same one when it is started
// again.
type Program struct {
	// Name says what it is, in errors.
	Name string
	// Address is host:port.
	Address string
	// Log is what it writes.
	Log *envoy.Log
	// LogTo, if set, gets what Log gets.
	LogTo io.Writer

	path string
	args []string
	env  []string
	now  *child.Process
}

// Start starts the program, and returns when it takes connections.
func (p *Program) Start(ctx context.Context) (err error) {
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	if p.LogTo != nil {
		both := io.MultiWriter(p.Log, p.LogTo)
		cmd.Stdout, cmd.Stderr = both, both
	}
	// A frozen process is ended by nothing less.
	if p.now, err = child.Start(cmd, syscall.SIGKILL); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("20 seconds are over"))
	defer cancel()
	err = wait.Until(ctx, p.Name+" to take connections", func() (bool, error) {
		select {
		case <-p.now.Done():
			return false, fmt.Errorf("it ended: %w", p.now.Err())
		default:
		}
		return accepts(p.Address), nil
	})
	if err != nil {
		p.now.Kill()
		return fmt.Errorf("%w\n%s", err, p.Log.Tail(20))
	}
	return nil
}

func accepts(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// Kill ends the program at once.
func (p *Program) Kill() { p.now.Kill() }

// Stop ends the program, first politely.
func (p *Program) Stop() {
	p.Thaw()
	p.now.Stop()
}

// Freeze stops the program as it is: it takes connections, and answers nothing.
func (p *Program) Freeze() { p.now.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (p *Program) Thaw() { p.now.Signal(syscall.SIGCONT) }

// startSomewhere starts a program at ports that the system chooses. Another program may
// take one between the choice and the start, so it tries again.
func startSomewhere(ctx context.Context, make func(ports []string) *Program, count int) (p *Program, err error) {
	for range 3 {
		var ports []string
		if ports, err = freePorts(count); err != nil {
			return nil, err
		}
		p = make(ports)
		if err = p.Start(ctx); err == nil || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// freePorts are ports that nothing listened on a moment ago, for programs that cannot say
// which one they got.
func freePorts(count int) (ports []string, err error) {
	for range count {
		l, err := port.Hold()
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		_, free, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, err
		}
		ports = append(ports, free)
	}
	return ports, nil
}
