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

// provocations bounds the attempts to get a client refused.
const (
	provocations = 400
	certain      = 16 // refusals in a row
)

// prove makes sure, before anything is measured, that the variant does what it
// is measured for: that it passes and can refuse, or that it refuses.
func (v variant) prove(s *proxy.Server) error {
	refuses := v.status == 429
	if v.provoked != "" {
		client := ""
		if !refuses {
			client = stranger
		}
		if err := provoke(s, v.provoked, v.path, client); err != nil {
			return err
		}
	}
	a, err := ask(once, s.URL+v.path, "")
	switch {
	case err != nil:
		return err
	case a.status != v.status:
		return fmt.Errorf("%s is answered with %d, not %d", v.path, a.status, v.status)
	case !refuses && a.body != proxy.Body:
		return fmt.Errorf("%s is answered with the body %q, not %q", v.path, a.body, proxy.Body)
	case refuses && strings.HasPrefix(v.name, "refuse/gatewarden"):
		return a.resembles(denied)
	}
	return nil
}

// provoke asks for a path until the client is refused on the other one, over
// several connections in turn: where each worker counts alone, all of them have
// to have had enough.
func provoke(s *proxy.Server, provoking, path, from string) error {
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
		if _, err := ask(c, s.URL+provoking, from); err != nil {
			return err
		}
		a, err := ask(c, s.URL+path, from)
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
	return fmt.Errorf("%d requests for %s get nobody refused", provocations, provoking)
}

// answer is what came back.
type answer struct {
	status int
	names  []string // of headers
	body   string
}

// ask sends one request. from may be empty.
func ask(c *http.Client, url, from string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set(credential[0], credential[1])
	if from != "" {
		request.Header.Set("X-Forwarded-For", from)
	}
	response, err := c.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, body: string(body)}
	for name := range response.Header {
		a.names = append(a.names, strings.ToLower(name))
	}
	return a, err
}

// resembles makes sure that the bare response that a refusal is compared with is
// as long and has the same headers.
func (a answer) resembles(other proxy.Answer) error {
	if len(a.body) != len(other.Body) {
		return fmt.Errorf("the refusal's body is %q, and it is compared with %q", a.body, other.Body)
	}
	for _, h := range other.Headers {
		if !slices.Contains(a.names, h[0]) {
			return fmt.Errorf("the refusal has no %s, which it is compared with", h[0])
		}
	}
	return nil
}
