// Package port finds ports for programs that have to be told one.
package port

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are chosen below those that systems give to connections (Linux: 32768 on). One that
// a system chooses itself may be a connection's by the time that the program listens.
const first, last = 20_000, 32_000

// Hold listens on a port that nothing else listens on, and keeps it from others until the
// listener is closed.
func Hold() (net.Listener, error) {
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first))))
		if err == nil {
			return l, nil
		}
	}
	return nil, errors.New("none of 100 ports is free")
}
