package proxy

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a proxy that runs.
type process struct {
	cmd  *exec.Cmd
	log  tail
	done chan struct{}
	err  error // how it ended; after done
}

// start runs a program from a goroutine with a thread of its own: "die with the
// parent" is bound to the thread that forked, so that thread has to stay. The
// environment is added to this program's own.
func start(name string, args []string, dir string, environment ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	dieWithParent(p.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// await polls until ready tells whether the proxy serves.
func (p *process) await(ready func() bool) error {
	const often, long = 2 * time.Millisecond, time.Minute
	for deadline := time.Now().Add(long); time.Now().Before(deadline); time.Sleep(often) {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended: %w\n%s", p.cmd.Path, p.err, p.log.String())
		default:
		}
		if ready() {
			return nil
		}
	}
	return fmt.Errorf("%s was not ready within %v\n%s", p.cmd.Path, long, p.log.String())
}

// stop ends the process, first politely. Errors mean that it is gone already.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
