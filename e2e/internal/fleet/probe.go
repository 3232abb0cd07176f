package fleet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// Path is that of a request on the surface "rest".
const Path = "/api/v1/items"

// Conn is a connection to a proxy, kept from one request to the next. It takes less of the
// processor than package http's client, which would be the first to be overloaded.
type Conn struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

// Dial returns a connection to an address, which is made by the first request.
func Dial(address string) *Conn { return &Conn{address: address} }

// Answer is what came back.
type Answer struct {
	Status int
	// RetryAfter is what a refusal says, in seconds, and 0 if it says nothing.
	RetryAfter int
	// Body begins what it says.
	Body string
	Took time.Duration
}

// patience is how long a request waits for its answer: far longer than any is to wait.
const patience = 10 * time.Second

// Get sends a request of a client with a credential, which may be none. A connection that
// the proxy has closed is made anew.
func (c *Conn) Get(client, credential string) (Answer, error) {
	fresh := c.conn == nil
	answer, err := c.try(client, credential)
	if err != nil && !fresh && errors.Is(err, io.EOF) {
		answer, err = c.try(client, credential)
	}
	return answer, err
}

func (c *Conn) try(client, credential string) (a Answer, err error) {
	c.request = fmt.Appendf(c.request[:0], "GET %s HTTP/1.1\r\nHost: fleet\r\nX-Client: %s\r\n", Path, client)
	if credential != "" {
		c.request = fmt.Appendf(c.request, "Authorization: %s\r\n", credential)
	}
	c.request = append(c.request, "\r\n"...)
	began := time.Now()
	if err = c.write(); err != nil {
		return a, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err == nil {
		a.Body, err = readBody(response.Body)
	}
	if err != nil {
		c.Close()
		return a, err
	}
	a.Status, a.Took = response.StatusCode, time.Since(began)
	a.RetryAfter, _ = strconv.Atoi(response.Header.Get("Retry-After"))
	return a, nil
}

// write sends the request, over a new connection if there is none.
func (c *Conn) write() (err error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.address, patience)
		if err != nil {
			return err
		}
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	if err = c.conn.SetDeadline(time.Now().Add(patience)); err == nil {
		_, err = c.conn.Write(c.request)
	}
	if err != nil {
		c.Close()
		return errors.Join(io.EOF, err) // before anything was answered
	}
	return nil
}

func readBody(from io.Reader) (string, error) {
	begin, err := io.ReadAll(io.LimitReader(from, 200))
	if err == nil {
		_, err = io.Copy(io.Discard, from)
	}
	return string(begin), err
}

// Close ends the connection. The next request makes another.
func (c *Conn) Close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

var (
	lastClient atomic.Uint32
	lastGuess  atomic.Uint64
)

// NewClient is the address of a client that this process has not used before.
func NewClient() string {
	n := lastClient.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// NewGuess is a wrong credential that was never used: the same one again would be the
// same guess.
func NewGuess() string { return fmt.Sprintf("Bearer guess-%d", lastGuess.Add(1)) }
