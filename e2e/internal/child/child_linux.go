package child

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel end the process when the thread that started it
// ends, so that a killed test leaves nothing behind. A process group of its own
// keeps the terminal's Ctrl-C from reaching the process before the parent has heard
// of it.
func dieWithParent(cmd *exec.Cmd, last syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: last, Setpgid: true}
}
