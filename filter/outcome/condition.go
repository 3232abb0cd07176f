package outcome

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// condition is one of the ways in which a response is a failure or a success.
type condition struct {
	*config.Condition
	member int    // of the rule's members; -1 if it needs no body
	code   string // how log lines name it; "" if the member's value does
}

// alone tells whether the status is all that the condition looks at.
func (c *condition) alone() bool { return c.member < 0 && c.Header.Name == "" }

// anyStatus is a condition with no part.
var anyStatus config.Condition

// compile makes the rule's conditions ready. That a body has a token error is one, too.
func (r *Rule) compile() {
	l := r.lockout
	if len(l.TokenErrors) > 0 {
		token := config.JSONCondition{Path: []string{"error"}}
		for _, code := range l.TokenErrors {
			token.Values = append(token.Values, config.JSONValue{Text: code, IsString: true})
		}
		r.forms, r.members = true, []member{newMember(token)}
		r.failures = []condition{{Condition: &anyStatus}}
	}
	r.failures = append(r.failures, r.conditions(l.FailuresWhen, "failures_when")...)
	r.successes = r.conditions(l.SucceededWhen, "succeeded_when")
}

func (r *Rule) conditions(list []config.Condition, name string) (ready []condition) {
	for i := range list {
		c := condition{Condition: &list[i], member: -1, code: name + "[" + strconv.Itoa(i) + "]"}
		if len(list[i].JSON.Path) > 0 {
			c.member = len(r.members)
			r.members = append(r.members, newMember(list[i].JSON))
		}
		ready = append(ready, c)
	}
	return ready
}

// ReadsBody tells whether the body of a response can decide.
func (r *Rule) ReadsBody() bool { return len(r.members) > 0 }

// byStatus judges a status by conditions: it returns judgement if one of them needs only
// the status, undecided if one needs more, and Neutral if none matches.
func byStatus(list []condition, status int, judgement Judgement) Judgement {
	open := Neutral
	for i := range list {
		switch c := &list[i]; {
		case !c.HasStatus(status):
		case c.alone():
			return judgement
		default:
			open = undecided
		}
	}
	return open
}

// holds tells whether a response's header has what a condition wants.
func holds(c *config.HeaderCondition, headers []proxy.Header) bool {
	for i := range headers {
		if h := &headers[i]; h.Name == c.Name && compare(h.Value, c) {
			return true
		}
	}
	return false
}

func compare(value string, c *config.HeaderCondition) bool {
	switch c.Where {
	case config.HasPrefix:
		return strings.HasPrefix(value, c.Text)
	case config.Contains:
		return strings.Contains(value, c.Text)
	}
	return value == c.Text
}

// candidates are the conditions of a list that hold as far as the headers tell.
type candidates struct {
	body  uint32 // those that the body decides, a bit for each
	first int    // the first that needs no body; -1 if there is none
}

// looksAtHeaders tells whether a condition for a status does.
func looksAtHeaders(list []condition, status int) bool {
	for i := range list {
		if list[i].Header.Name != "" && list[i].HasStatus(status) {
			return true
		}
	}
	return false
}

// weigh finds the candidates for a response.
func weigh(list []condition, status int, headers []proxy.Header) candidates {
	found := candidates{first: -1}
	for i := range list {
		c := &list[i]
		switch {
		case !c.HasStatus(status) || c.Header.Name != "" && !holds(&c.Header, headers):
		case c.member >= 0:
			found.body |= 1 << i
		case found.first < 0:
			found.first = i
		}
	}
	return found
}

// wanted returns the members that some conditions of a list look at, a bit for each.
func wanted(list []condition, of uint32) (members uint32) {
	for i := range list {
		if of>>i&1 != 0 {
			members |= 1 << list[i].member
		}
	}
	return members
}

// holding returns the first of the candidates whose member has a value that matters,
// and that value; nil if there is none.
func (r *reader) holding(list []condition, of uint32) (c *condition, value string) {
	for i := range list {
		if of>>i&1 == 0 {
			continue
		}
		if at := r.has(list[i].member); at >= 0 {
			return &list[i], r.members[list[i].member].Values[at].Text
		}
	}
	return nil, ""
}

func isSuccess(status int) bool { return status >= 200 && status < 300 }
