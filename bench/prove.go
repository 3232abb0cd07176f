package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// once is for single requests.
var once = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// stranger is a client address that no load comes from.
const stranger = "198.51.100.7"

const forwardedFor = "X-Forwarded-For"

// provocations bounds the attempts to get a client refused.
const (
	provocations = 400
	certain      = 16 // refusals in a row
)

// prove makes sure, before anything is measured, that the variant does what it
// is measured for: that it passes and can refuse, or that it refuses.
func (v variant) prove(s *proxy.Server) error {
	refuses := v.status == http.StatusTooManyRequests
	if v.provoked != "" {
		headers := v.sent()
		if !refuses {
			headers = replaced(headers, forwardedFor, stranger)
		}
		if err := v.provoke(s, headers); err != nil {
			return err
		}
	}
	a, err := ask(once, s.URL+v.path, v.payload, v.sent())
	switch {
	case err != nil:
		return err
	case a.status != v.status:
		return fmt.Errorf("%s is answered with %d, not %d: %s", v.path, a.status, v.status, a.body)
	case !refuses && a.body != v.body:
		return fmt.Errorf("%s is answered with the body %q, not %q", v.path, a.body, v.body)
	case v.resemble != nil:
		return a.resembles(*v.resemble)
	}
	return v.proveReading(s)
}

// sent are the headers that a request has beside the credential, with the first value of
// one that differs.
func (v variant) sent() [][2]string {
	if v.turns.Count == 0 {
		return v.headers
	}
	return replaced(v.headers, v.turns.Header, string(v.turns.Append(nil, 0)))
}

// replaced are headers with another value of one of them.
func replaced(headers [][2]string, name, value string) [][2]string {
	return append(without(headers, name), [2]string{name, value})
}

// without are the headers but one.
func without(headers [][2]string, name string) [][2]string {
	return slices.DeleteFunc(slices.Clone(headers), func(h [2]string) bool { return h[0] == name })
}

// proveReading makes sure that what is broken is refused.
func (v variant) proveReading(s *proxy.Server) error {
	if v.broken == "" {
		return nil
	}
	a, err := ask(once, s.URL+v.path, v.broken, v.sent())
	if err == nil && a.status != http.StatusBadRequest {
		err = fmt.Errorf("%q is answered with %d", v.broken, a.status)
	}
	return err
}

// provoke asks for the provoking path until the client is refused on the other one, over
// several connections in turn: where each worker counts alone, all of them have
// to have had enough.
func (v variant) provoke(s *proxy.Server, headers [][2]string) error {
	const connections = 8
	var clients [connections]*http.Client
	for i := range clients {
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		clients[i] = &http.Client{Timeout: 5 * time.Second, Transport: transport}
	}
	refused := 0
	for i := range provocations {
		c := clients[i%connections]
		if _, err := ask(c, s.URL+v.provoked, v.payload, headers); err != nil {
			return err
		}
		a, err := ask(c, s.URL+v.path, v.payload, headers)
		if err != nil {
			return err
		}
		if refused++; a.status != http.StatusTooManyRequests {
			refused = 0
		}
		if refused == certain {
			return nil
		}
	}
	return fmt.Errorf("%d requests for %s get nobody refused", provocations, v.provoked)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one request, with the credential: a POST if there is something to send.
func ask(c *http.Client, url, payload string, headers [][2]string) (answer, error) {
	method := http.MethodGet
	if payload != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, url, strings.NewReader(payload))
	if err != nil {
		return answer{}, err
	}
	for _, h := range append([][2]string{credential}, headers...) {
		request.Header.Set(h[0], h[1])
	}
	response, err := c.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}, err
}

// resembles makes sure that the bare response that a refusal is compared with is
// as long and has the same headers.
func (a answer) resembles(other proxy.Answer) error {
	if len(a.body) != len(other.Body) {
		return fmt.Errorf("the refusal's body is %q, and it is compared with %q", a.body, other.Body)
	}
	for _, h := range other.Headers {
		if len(a.header.Get(h[0])) != len(h[1]) {
			return fmt.Errorf("the refusal's %s is %q, and it is compared with %q", h[0], a.header.Get(h[0]), h[1])
		}
	}
	known := len(other.Headers)
	for _, name := range []string{"Content-Length", "Date", "Server"} {
		if a.header.Get(name) != "" {
			known++
		}
	}
	if len(a.header) != known {
		return fmt.Errorf("the refusal's headers are %v, and it is compared with %v", a.header, other.Headers)
	}
	return nil
}
