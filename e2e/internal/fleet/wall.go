package fleet

import (
	"bufio"
	"errors"
	"net"
)

// wall is a backend that answers every request by 401, with as little work as possible:
// in a flood, package http's server would be the first to be overloaded.
type wall struct {
	address  string
	listener net.Listener
}

func startWall() (*wall, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wall{address: listener.Addr().String(), listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // stopped
			}
			go refuse(conn)
		}
	}()
	return w, nil
}

// refuse answers requests, which have no body.
func refuse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // a long line, which does not matter
		case err != nil:
			return
		case len(line) <= len("\r\n"):
			if _, err := conn.Write([]byte("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")); err != nil {
				return
			}
		}
	}
}

func (w *wall) stop() { _ = w.listener.Close() }
