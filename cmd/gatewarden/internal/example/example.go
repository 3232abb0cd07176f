// Package example makes responses that say what a configuration looks for in them.
package example

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/gatewarden/gatewarden/config"
)

// Response is a response of a service.
type Response struct {
	Status  int
	Headers [][2]string
	Body    []byte
}

// Failure returns a response that is a failure by the lists of the lockout. It has the
// given status, unless that is 0, and fails for the given cause, as the filter names it,
// unless that is "". It reports false if there is no such response.
func Failure(l *config.Lockout, status int, cause string) (Response, bool) {
	switch {
	case status == 0 && len(l.Statuses) > 0:
		return Response{Status: l.Statuses[0]}, true
	case slices.Contains(l.Statuses, status):
		return Response{Status: status}, true
	case len(l.TokenErrors) > 0:
		code := l.TokenErrors[0]
		if slices.Contains(l.TokenErrors, cause) {
			code = cause
		}
		if status == 0 {
			status = 400
		}
		return Response{Status: status, Body: body([]string{"error"}, config.JSONValue{Text: code, IsString: true})}, true
	}
	best := -1
	for i := range l.FailuresWhen {
		if status != 0 && !l.FailuresWhen[i].HasStatus(status) {
			continue
		}
		if named := cause == "failures_when["+strconv.Itoa(i)+"]"; best < 0 || named {
			best = i
		}
	}
	if best < 0 {
		return Response{}, false
	}
	return of(&l.FailuresWhen[best], status), true
}

// of returns a response for which a condition holds.
func of(c *config.Condition, status int) Response {
	r := Response{Status: status}
	for n := 499; r.Status == 0 && n >= 200; n-- {
		if c.HasStatus(n) && (n == 401 || !c.HasStatus(401)) {
			r.Status = n
		}
	}
	if c.Header.Name != "" {
		r.Headers = append(r.Headers, [2]string{c.Header.Name, c.Header.Text})
	}
	if len(c.JSON.Path) > 0 {
		r.Body = body(c.JSON.Path, c.JSON.Values[0])
	}
	return r
}

// body returns JSON with a value at a path. Elements of lists become members with their
// position as name, which the filter takes for the same.
func body(path []string, value config.JSONValue) []byte {
	text := []byte(value.Text)
	if value.IsString {
		text, _ = json.Marshal(value.Text)
	}
	for i := len(path) - 1; i >= 0; i-- {
		name, _ := json.Marshal(path[i])
		text = append(append(append(append([]byte("{"), name...), ':'), text...), '}')
	}
	return text
}
