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

// byStatus judges a status by conditions: as the judgement that they stand for if one
// looks at nothing else, as undecided if one looks at more, and as Neutral otherwise.
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
	if c.Name == "" {
		return true
	}
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

// candidates are the conditions that hold as far as the headers tell, a bit for each.
type candidates struct {
	failures, successes uint32 // the body decides
	failed              int    // the first failure that needs no body; -1 if there is none
	succeeded           bool
}

// weigh finds the candidates of a response. It asks for the headers only if one looks at
// them.
func (r *Rule) weigh(status int, response proxy.ResponseHeaderList) candidates {
	found := candidates{failed: -1, succeeded: len(r.successes) == 0 && isSuccess(status)}
	var headers []proxy.Header
	asked := false
	check := func(list []condition, alone func(i int), body *uint32) {
		for i := range list {
			c := &list[i]
			if !c.HasStatus(status) {
				continue
			}
			if c.Header.Name != "" && !asked {
				headers, asked = response.ResponseHeaders(), true
			}
			switch {
			case !holds(&c.Header, headers):
			case c.member >= 0:
				*body |= 1 << i
			default:
				alone(i)
			}
		}
	}
	check(r.failures, func(i int) {
		if found.failed < 0 {
			found.failed = i
		}
	}, &found.failures)
	check(r.successes, func(int) { found.succeeded = true }, &found.successes)
	if found.succeeded {
		found.successes = 0
	}
	return found
}

// wanted returns the members that the candidates look at, a bit for each.
func (r *Rule) wanted(c *candidates) (members uint32) {
	for i := range r.failures {
		if c.failures>>i&1 != 0 {
			members |= 1 << r.failures[i].member
		}
	}
	for i := range r.successes {
		if c.successes>>i&1 != 0 {
			members |= 1 << r.successes[i].member
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
