//go:build !linux

package envoy

import (
	"os/exec"
	"syscall"
)

// dieWithParent has no means here but to keep the terminal's Ctrl-C for the
// parent, which then stops Envoy in order.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
