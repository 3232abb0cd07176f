// Package program starts services in other languages. Each is a file in Python,
// JavaScript or Java that calls ready.py or ready.js, or writes what those write.
package program

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// Command is how a program is started.
type Command struct {
	Name string
	// Args begin with the program. Relative paths are from the top of the repository,
	// where .tools has what was installed.
	Args []string
	// Env is added to the environment, as name=value.
	Env []string
}

// Program is one that runs. Its first line of output says where, and what it is.
type Program struct {
	Address, Version string
	// Log is what it writes besides.
	Log *envoy.Log `json:"-"`

	cmd   *exec.Cmd
	stdin io.Closer
}

// Set starts programs. Dir is a folder for their files, and Remedy says what to do if
// one is not there.
type Set struct {
	Root, Dir, Remedy string
}

// Start starts all of them at once and returns when they serve. Those that did are in
// the map, by name, whatever became of the others.
func (s Set) Start(commands []Command) (map[string]*Program, error) {
	var group sync.WaitGroup
	failed := make([]error, len(commands))
	started := make([]*Program, len(commands))
	for i, c := range commands {
		group.Go(func() { started[i], failed[i] = s.start(c) })
	}
	group.Wait()
	programs := map[string]*Program{}
	for i, c := range commands {
		if failed[i] == nil {
			programs[c.Name] = started[i]
		}
	}
	return programs, errors.Join(failed...)
}

// start starts a program and returns when it serves. It ends when its standard input
// does: at the latest with this process, whatever ends that.
func (s Set) start(c Command) (*Program, error) {
	data := filepath.Join(s.Dir, c.Name)
	if err := os.Mkdir(data, 0o755); err != nil {
		return nil, err
	}
	p := &Program{cmd: exec.Command(c.Args[0], append(c.Args[1:], data)...), Log: envoy.NewLog(1 << 20)}
	p.cmd.Dir, p.cmd.Stderr = s.Root, p.Log
	p.cmd.Env = append(append(os.Environ(), "PYTHONPATH="+filepath.Join(s.Root, "e2e/internal/program")), c.Env...)
	stdin, errIn := p.cmd.StdinPipe()
	stdout, errOut := p.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, p.cmd.Start()); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", c.Name, err, s.Remedy)
	}
	p.stdin = stdin
	// One that never gets ready is ended, and so is its output.
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.awaitReady(stdout); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%s did not start: %w: %s\n%s", c.Name, err, s.Remedy, p.Log)
	}
	return p, nil
}

// awaitReady reads the output up to the line in JSON; some packages warn before it.
func (p *Program) awaitReady(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if json.Unmarshal(lines.Bytes(), p) == nil && p.Address != "" {
			go func() { _, _ = io.Copy(p.Log, stdout) }()
			return nil
		}
		_, _ = fmt.Fprintf(p.Log, "%s\n", lines.Bytes())
	}
	return errors.Join(lines.Err(), errors.New("its output has ended"))
}

// Stop ends the program, first politely.
func (p *Program) Stop() {
	_ = p.stdin.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	_ = p.cmd.Wait()
}
