// Package child starts processes that end with the one that started them.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is one that was started. Err says how it ended, once Done is closed.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts a command. When this process ends, whatever ends it, the other gets the
// signal last.
//
// Linux binds "die with the parent" to the thread that forked, so that thread has to
// stay, waiting, for as long as the process does.
func Start(cmd *exec.Cmd, last syscall.Signal) (*Process, error) {
	dieWithParent(cmd, last)
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Done is closed when the process has ended, for whatever reason.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended; only after Done.
func (p *Process) Err() error { return p.err }

// Signal sends a signal. An error would mean that the process is gone already.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends the process at once, and waits until it is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Stop ends the process, first politely, and waits until it is gone.
func (p *Process) Stop() {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.Kill()
	}
}
