//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// dieWithParent has no means here but to keep the terminal's Ctrl-C for the
// parent, which then stops the process in order.
func dieWithParent(cmd *exec.Cmd, _ syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
