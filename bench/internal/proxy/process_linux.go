package proxy

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel end the proxy with the program that started it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
