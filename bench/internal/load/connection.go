package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"fortio.org/fortio/periodic"
)

// timeout bounds one request: what takes longer is a failure.
const timeout = 10 * time.Second

// connection sends requests and reads their answers, one by one. It reads no
// more of HTTP/1.1 than the proxies here answer with, and fails at anything else.
type connection struct {
	*shared
	conn   net.Conn
	reader *bufio.Reader
	head   string // of the request, up to the header that takes turns
	out    []byte // scratch
}

func dial(s *shared) (*connection, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(s.request.URL, "http://"), "/")
	address, err := netip.ParseAddrPort(host)
	if err != nil || !address.Addr().IsLoopback() {
		return nil, fmt.Errorf("%s is not on this machine", host)
	}
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(context.Background(), "tcp", host)
	if err != nil {
		return nil, err
	}
	method := "GET"
	if s.request.Body != "" {
		method = "POST"
	}
	head := method + " /" + path + " HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: bench\r\n"
	for _, h := range s.request.Headers {
		head += h[0] + ": " + h[1] + "\r\n"
	}
	if s.request.Body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(s.request.Body))
	}
	return &connection{shared: s, conn: conn, reader: bufio.NewReader(conn), head: head}, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// Run is one request, as fortio's runner calls it.
func (c *connection) Run(context.Context, periodic.ThreadID) (bool, string) {
	if c.failure.Load() != nil {
		return false, ""
	}
	if err := c.exchange(); err != nil {
		err = fmt.Errorf("%s: %w", c.request.URL, err)
		c.failure.CompareAndSwap(nil, &err)
		return false, err.Error()
	}
	return true, ""
}

func (c *connection) exchange() error {
	number := c.sent.Add(1) - 1
	c.out = append(c.out[:0], c.head...)
	if t := &c.request.Turns; t.Count > 0 {
		c.out = append(append(c.out, t.Header...), ": "...)
		c.out = append(t.Append(c.out, (t.From+number)%uint64(t.Count)), "\r\n"...)
	}
	c.out = append(c.out, "\r\n"...)
	c.out = append(c.out, c.request.Body...)
	if err := c.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	status, err := readAnswer(c.reader)
	if err == nil && status != c.request.Status {
		err = fmt.Errorf("an answer after %d is %d, not %d", number, status, c.request.Status)
	}
	return err
}

// addressOf is the address of a client: 10.0.0.0/8 holds 16 million.
func addressOf(i uint64) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

var (
	errClosed = errors.New("the proxy closes the connection")
	errLength = errors.New("an answer does not say its length")
)

// readAnswer reads an answer to its end and returns its status.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	const statusAt, statusEnd = len("HTTP/1.1 "), len("HTTP/1.1 200")
	if len(line) < statusEnd || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("%q is no status line", line)
	}
	if status, err = strconv.Atoi(string(line[statusAt:statusEnd])); err != nil {
		return 0, err
	}
	length, chunked := -1, false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, isHeader := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case !isHeader:
			if err := discardBody(r, length, chunked); err != nil {
				return 0, err
			}
			return status, nil
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("connection")) && bytes.EqualFold(value, []byte("close")):
			return 0, errClosed
		}
	}
}

// discardBody reads a body to its end.
func discardBody(r *bufio.Reader, length int, chunked bool) error {
	if !chunked {
		if length < 0 {
			return errLength
		}
		_, err := r.Discard(length)
		return err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return err
		}
		if _, err := r.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}
