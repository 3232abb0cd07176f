package frameworks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// command is how a program with a framework in it is started.
type command struct {
	name string
	// args begin with the program; those that begin with .tools are from the top of
	// the repository, where scripts/install-frameworks puts them.
	args []string
}

const (
	python = ".tools/frameworks/python/bin/python"
	node   = ".tools/frameworks/node/"
)

var commands = []command{
	{"django", []string{python, "-B", "e2e/frameworks/python/django_admin.py"}},
	{"flask", []string{python, "-B", "e2e/frameworks/python/flask_login_app.py"}},
	{"passport", []string{"node", node + "passport.js"}},
	{"better-auth", []string{"node", node + "better-auth.js"}},
	{"oidc-provider", []string{"node", node + "oidc-provider.js"}},
	// What the second compiler makes is worth its time in programs that run longer.
	{"spring", []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", ".tools/frameworks/spring/target/spring.jar"}},
}

// program is one that runs. Its first line of output says where, and what it is.
type program struct {
	Address, Version string

	cmd   *exec.Cmd
	stdin io.Closer
	log   *envoy.Log
}

// start starts the program and returns when it serves. The program ends when its
// standard input does: at the latest with this process, whatever ends that.
func (c command) start(dir string) (*program, error) {
	data := filepath.Join(dir, c.name)
	if err := os.Mkdir(data, 0o755); err != nil {
		return nil, err
	}
	p := &program{cmd: exec.Command(c.args[0], append(c.args[1:], data)...), log: envoy.NewLog(1 << 20)}
	p.cmd.Dir, p.cmd.Stderr = root, p.log
	// In production, better-auth limits sign-ins itself.
	p.cmd.Env = append(os.Environ(), "NODE_ENV=development")
	stdin, errIn := p.cmd.StdinPipe()
	stdout, errOut := p.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, p.cmd.Start()); err != nil {
		return nil, fmt.Errorf("%s: %w: run scripts/install-frameworks at the top of the repository", c.name, err)
	}
	p.stdin = stdin
	// One that never gets ready is ended, and so is its output.
	late := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	if err := p.awaitReady(stdout); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s did not start: %w: run scripts/install-frameworks at the top of the repository\n%s", c.name, err, p.log)
	}
	return p, nil
}

// awaitReady reads the output up to the line in JSON; some packages warn before it.
func (p *program) awaitReady(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if json.Unmarshal(lines.Bytes(), p) == nil && p.Address != "" {
			go func() { _, _ = io.Copy(p.log, stdout) }()
			return nil
		}
		_, _ = fmt.Fprintf(p.log, "%s\n", lines.Bytes())
	}
	return errors.Join(lines.Err(), errors.New("its output has ended"))
}

func (p *program) stop() {
	_ = p.stdin.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	_ = p.cmd.Wait()
}
