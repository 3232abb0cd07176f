// Command client reads what a service tells of its limits, with libraries that Go
// programs use, and obeys it:
//
//	client [-wait] -from ADDRESS URL ["NAME: VALUE" ...]
//
// It sends requests until one is refused and requires that what it is told agrees.
// With -wait, the library then comes back when Retry-After says, and is served.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/hashicorp/go-retryablehttp"
)

func main() {
	from := flag.String("from", "127.0.0.1", "the address to come from")
	wait := flag.Bool("wait", false, "come back when Retry-After says")
	flag.Parse()
	if err := run(*from, *wait, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func run(from string, wait bool, url string, headers []string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	// Its own idea of a pause would be far too short.
	client.RetryWaitMin, client.RetryWaitMax = time.Millisecond, time.Millisecond
	client.Logger = log.New(os.Stdout, "", 0)
	client.RetryMax, client.ErrorHandler = 0, retryablehttp.PassthroughErrorHandler
	send := func() (*http.Response, error) { return get(client, url, headers) }

	limit, err := useUp(send)
	if err != nil || !wait {
		return err
	}
	client.RetryMax = 1
	began := time.Now()
	response, err := send()
	if err != nil {
		return err
	}
	told, err := read(response)
	fmt.Printf("after %s: %d, %+v\n", time.Since(began).Round(time.Millisecond), response.StatusCode, told)
	if response.StatusCode == http.StatusTooManyRequests || told.left != limit-1 {
		return errors.Join(err, errors.New("not served right after the pause"))
	}
	return err
}

func get(client *retryablehttp.Client, url string, headers []string) (*http.Response, error) {
	request, err := retryablehttp.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	return client.Do(request)
}

// useUp sends requests until one is refused, and returns the limit.
func useUp(send func() (*http.Response, error)) (limit int, err error) {
	var first rate
	for sent := 0; ; sent++ {
		response, err := send()
		if err != nil {
			return 0, err
		}
		told, err := read(response)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", response.Status, err)
		}
		fmt.Printf("%d %+v\n", response.StatusCode, told)
		if sent == 0 {
			first = told
		}
		left := first.left - sent
		switch refused := response.StatusCode == http.StatusTooManyRequests; {
		case refused && left == -1:
			return first.limit, checkRefusal(told)
		case refused || told.left != left || told.limit != first.limit:
			return 0, fmt.Errorf("%d left of %d was expected", left, first.limit)
		}
	}
}

// rate is what a response tells.
type rate struct {
	limit, left, reset, retryAfter int
	detail                         string
}

// checkRefusal requires that a refusal says the same everywhere.
func checkRefusal(r rate) error {
	if want := fmt.Sprintf("Rate limit exceeded. Try again in %d seconds.", r.retryAfter); r.detail != want || r.retryAfter < r.reset || r.left != 0 {
		return fmt.Errorf("the refusal says %+v", r)
	}
	return nil
}

// read reads a response to its end, and requires that the two ways to tell the rate
// agree.
func read(response *http.Response) (rate, error) {
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return rate{}, err
	}
	said, err := structured(response.Header)
	if err != nil {
		return rate{}, err
	}
	old := rate{
		limit: number(response, "X-RateLimit-Limit"), left: number(response, "X-RateLimit-Remaining"), reset: number(response, "X-RateLimit-Reset"),
	}
	if old != said {
		return rate{}, fmt.Errorf("X-RateLimit says %+v, RateLimit %+v", old, said)
	}
	if response.StatusCode == http.StatusTooManyRequests {
		said.retryAfter = number(response, "Retry-After")
		var problem struct{ Detail string }
		err = json.Unmarshal(body, &problem)
		said.detail = problem.Detail
	}
	return said, err
}

func number(response *http.Response, header string) int {
	n, err := strconv.Atoi(response.Header.Get(header))
	if err != nil {
		return -1
	}
	return n
}

// structured reads RateLimit and, of the same name, RateLimit-Policy.
// See https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
func structured(header http.Header) (rate, error) {
	now, err := httpsfv.UnmarshalList(header.Values("RateLimit"))
	policies, err2 := httpsfv.UnmarshalList(header.Values("RateLimit-Policy"))
	if err := errors.Join(err, err2); err != nil || len(now) != 1 {
		return rate{}, fmt.Errorf("%d rates: %w", len(now), err)
	}
	item := now[0].(httpsfv.Item)
	for _, p := range policies {
		policy := p.(httpsfv.Item)
		if policy.Value == item.Value {
			return rate{limit: parameter(policy, "q"), left: parameter(item, "r"), reset: parameter(item, "t")}, nil
		}
	}
	return rate{}, fmt.Errorf("%v has no policy", item.Value)
}

func parameter(item httpsfv.Item, name string) int {
	value, _ := item.Params.Get(name)
	n, ok := value.(int64)
	if !ok {
		return -1
	}
	return int(n)
}
