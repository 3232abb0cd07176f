// Package client makes HTTP clients that come from a chosen address, so that
// one machine can play many clients.
package client

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Protocol is the HTTP version that a client speaks, without TLS.
type Protocol int

// The protocols.
const (
	HTTP1 Protocol = iota
	HTTP2          // with prior knowledge (h2c)
)

func (p Protocol) String() string {
	if p == HTTP2 {
		return "h2"
	}
	return "h1"
}

// New returns a client whose connections leave from source, a loopback address
// such as 127.0.0.2. It reports redirects and compressed bodies as they are.
func New(source string, protocol Protocol) (*http.Client, error) {
	ip := net.ParseIP(source)
	if ip == nil {
		return nil, fmt.Errorf("%q is not an IP address", source)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}, Timeout: 10 * time.Second}
	var protocols http.Protocols
	protocols.SetHTTP1(protocol == HTTP1)
	protocols.SetUnencryptedHTTP2(protocol == HTTP2)
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			Protocols:           &protocols,
			DisableCompression:  true,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}, nil
}

var lastAddress atomic.Uint32

// NewAddress is one that this process has not used before.
func NewAddress() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("127.7.%d.%d", n/250, n%250+1)
}

// CanUse tells whether this machine lets a client come from source. Linux
// routes all of 127.0.0.0/8 to the loopback interface; other systems want an
// alias for every address but 127.0.0.1.
func CanUse(source string) error {
	l, err := net.Listen("tcp", net.JoinHostPort(source, "0"))
	if err != nil {
		return fmt.Errorf("no connection can come from %s here (on macOS: sudo ifconfig lo0 alias %s): %w", source, source, err)
	}
	return l.Close()
}
