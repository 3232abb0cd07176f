package contract

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Sight is what the upstream got of a request.
type Sight string

const (
	SawNothing Sight = "nothing"
	SawHeaders Sight = "headers"
	SawWhole   Sight = "whole"
)

// sightHeader asks the upstream what it got of an earlier request.
const sightHeader = "x-contract-sight"

// Echo is the upstream of all rows. It answers with a text of the method, the
// path, the headers whose names begin with "x-c-" and the body; the request can
// ask for something else:
//
//	x-echo-status: 401              another status
//	x-echo-header: name=value       a header line; may be repeated
//	x-echo-body: text               this body alone
//	x-echo-trailer: name=value      a trailer; may be repeated
//
// It serves HTTP; for a host without a network there are Answer and Note.
type Echo struct {
	mu    sync.Mutex
	sight map[string]Sight
}

// Answer is what Echo responds with.
type Answer struct {
	Status   int
	Headers  [][2]string
	Body     string
	Trailers [][2]string
}

// Note records what arrived of the request with that report id.
func (e *Echo) Note(id string, s Sight) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sight == nil {
		e.sight = map[string]Sight{}
	}
	e.sight[id] = s
}

// Answer takes a request that arrived whole, its headers in order with lower-case
// names.
func (e *Echo) Answer(method, path string, headers [][2]string, body string, trailers [][2]string) Answer {
	if id, ok := first(headers, sightHeader); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		if s, ok := e.sight[id]; ok {
			return Answer{Status: http.StatusOK, Body: string(s)}
		}
		return Answer{Status: http.StatusOK, Body: string(SawNothing)}
	}
	if id, ok := first(headers, reportHeader); ok {
		e.Note(id, SawWhole)
	}
	a := Answer{Status: http.StatusOK}
	if status, ok := first(headers, "x-echo-status"); ok {
		a.Status, _ = strconv.Atoi(status)
	}
	a.Headers, a.Trailers = split(headers, "x-echo-header"), split(headers, "x-echo-trailer")
	text, ok := first(headers, "x-echo-body")
	if !ok {
		text = tell(method, path, headers, body, trailers)
	}
	a.Body = text
	return a
}

// tell sorts by name, because net/http loses the order of different names.
func tell(method, path string, headers [][2]string, body string, trailers [][2]string) string {
	lines := []string{method + " " + path}
	lines = append(lines, sorted(headers, "x-c-")...)
	lines = append(lines, "", body)
	lines = append(lines, sorted(trailers, "")...)
	return strings.Join(lines, "\n")
}

func sorted(pairs [][2]string, prefix string) []string {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var lines []string
	for _, p := range pairs {
		if strings.HasPrefix(p[0], prefix) {
			lines = append(lines, p[0]+": "+p[1])
		}
	}
	return lines
}

func first(pairs [][2]string, name string) (string, bool) {
	for _, p := range pairs {
		if p[0] == name {
			return p[1], true
		}
	}
	return "", false
}

// split reads the values "name=value" of a header.
func split(pairs [][2]string, name string) (found [][2]string) {
	for _, p := range pairs {
		if p[0] == name {
			k, v, _ := strings.Cut(p[1], "=")
			found = append(found, [2]string{k, v})
		}
	}
	return found
}

func (e *Echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id := r.Header.Get(reportHeader); id != "" {
		e.Note(id, SawHeaders)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the request was cut off
	}
	a := e.Answer(r.Method, r.URL.RequestURI(), flatten(r.Header), string(body), flatten(r.Trailer))
	for _, p := range a.Trailers {
		w.Header().Add("Trailer", p[0])
	}
	for _, p := range a.Headers {
		w.Header().Add(p[0], p[1])
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
	for _, p := range a.Trailers {
		w.Header().Add(p[0], p[1])
	}
}

func flatten(h http.Header) (pairs [][2]string) {
	for name, values := range h {
		for _, value := range values {
			pairs = append(pairs, [2]string{strings.ToLower(name), value})
		}
	}
	return pairs
}
