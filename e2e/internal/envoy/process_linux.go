package envoy

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel end Envoy when the thread that started it
// ends, so that a killed test leaves nothing behind. A process group of its own
// keeps the terminal's Ctrl-C from reaching Envoy before the parent has heard
// of it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
