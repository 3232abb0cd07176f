package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	psnet "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// checkPorts returns the address of the service.
func checkPorts(b *envoy.Bootstrap, operations string) (backend string, err error) {
	public, err := b.ListenerAddress()
	if err != nil {
		return "", err
	}
	if backend, err = b.Endpoint("service"); err != nil {
		return "", err
	}
	return backend, errors.Join(
		checkPort("Envoy", public),
		checkPort("Envoy's admin endpoint", b.AdminAddress()),
		checkPort("the operations endpoint", operations),
		checkPort("the demo service", backend))
}

// checkPort tells early and plainly what Envoy would tell late and at length.
func checkPort(what, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return explainPort(err, what, address)
	}
	return listener.Close()
}

func explainPort(err error, what, address string) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s cannot use %s: %w", what, address, err)
	}
	who, remedy := "another program", "Stop that program"
	if name, pid, ok := holder(address); ok {
		who = fmt.Sprintf("%s (process %d)", name, pid)
		remedy = fmt.Sprintf("Stop it (kill %d)", pid)
	}
	return fmt.Errorf("%s is taken by %s, and %s needs it.\n%s, which may be another \"make run\", or change the port in envoy.yaml",
		address, who, what, remedy)
}

// holder is the process that listens at address, if the system tells.
func holder(address string) (name string, pid int32, ok bool) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, false
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, false
	}
	connections, err := psnet.ConnectionsWithContext(context.Background(), "tcp")
	if err != nil {
		return "", 0, false
	}
	for _, c := range connections {
		if c.Status != "LISTEN" || uint64(c.Laddr.Port) != port || c.Pid == 0 {
			continue
		}
		p, err := process.NewProcess(c.Pid)
		if err != nil {
			return "", 0, false
		}
		name, err = p.Name()
		return name, c.Pid, err == nil
	}
	return "", 0, false
}
