//go:build !linux

package proxy

import "os/exec"

// dieWithParent has no means here; what is measured comes from /proc anyway.
func dieWithParent(*exec.Cmd) {}
