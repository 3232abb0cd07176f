package model

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What a lockout's repeats may be, besides the default.
const once = "once"

// tokenFields are the fields of forms that frameworks draw for each page.
var tokenFields = []string{
	"csrfmiddlewaretoken", "csrf_token", "_csrf", "_csrf_token", "csrfToken", "authenticity_token", "_token", "__RequestVerificationToken",
}

// remembered is something wrong that a client sent, and the counter that has counted it:
// each counter remembers for itself.
type remembered struct {
	counter ending
	client  place
	sent    string
}

// repeats tells whether a counter has counted before what a client sends now, in a window
// that is not over. If not, the counter remembers it until its running window is.
func (m *Model) repeats(v *visit, counter ending, windowEnd int64) bool {
	if v.sent == "" {
		return false
	}
	at := remembered{counter, v.at, v.sent}
	if m.Now < m.memory.until[at] {
		return true
	}
	m.memory.until[at] = windowEnd
	m.memory.latest = append(m.memory.latest, windowEnd)
	return false
}

// memory is until when each counter remembers what it counted, and the latest of these
// times.
type memory struct {
	until  map[remembered]int64
	latest []int64
}

func (y *memory) moments() []int64 { return y.latest[max(len(y.latest)-3, 0):] }

// hasFailed tells whether the client's counter remembers what the request presents, as far
// as is known before the body has come.
func (m *Model) hasFailed(v *visit) bool {
	return v.sent != "" && m.Now < m.memory.until[remembered{v.counter, v.at, v.sent}]
}

// sent names what has to be the same for a request to present the same credential, "" where
// each failure counts. Where the body is a part of it, that is not known before all of the
// body has come.
func (m *Model) sent(v *visit, r *Request, all bool) string {
	switch {
	case v.rule.Repeats != once:
		return ""
	case v.surface.challenges() && !v.rule.CountAnonymous:
		return fmt.Sprintf("%q", []string{"in headers", whole(m.setup, r), r.authority()})
	}
	wire := r.Wire(m.setup)
	body := string(bytes.Join(wire.Body, nil))
	told := len(body) <= maxForm && (all || body == "")
	if r.Form != nil && !r.isJSON() && told {
		body, told = withoutTokens(body)
	}
	if !told {
		return ""
	}
	return fmt.Sprintf("%q", []string{whole(m.setup, r), wire.Authority, wire.Method, wire.Path, fmt.Sprint(r.GRPC), body})
}

// withoutTokens leaves the tokens out of a form. One with other characters than those of
// Base64 and percent-encoding could be more than a token to a service: RATIONALE.md, "Why
// is the whole body the guess, and not the password?"
func withoutTokens(form string) (rest string, told bool) {
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if !slices.Contains(tokenFields, name) {
			continue
		}
		if pairs[i] = name + "="; !harmless.MatchString(value) {
			return "", false
		}
	}
	return strings.Join(pairs, "&"), true
}

var harmless = regexp.MustCompile("^[A-Za-z0-9+/=_.~%-]*$")
