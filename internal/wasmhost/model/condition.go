package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Condition is one under which an answer is a failure or a success. Parts that are empty
// are not written.
type Condition struct {
	Status []any // numbers, and classes
	// Header has Text, as Has says: equals, prefix or contains.
	Header, Has, Text string
	Path              []string
	Values            []any
}

func (c Condition) json() object {
	o := fields{}
	o.set("status", c.Status != nil, c.Status)
	o.set("header", c.Header != "", object{"name": c.Header, c.Has: c.Text})
	switch {
	case c.Path == nil:
	case len(c.Values) == 1:
		o["json"] = object{"path": c.Path, "equals": c.Values[0]}
	default:
		o["json"] = object{"path": c.Path, "one_of": c.Values}
	}
	return object(o)
}

// uncounted are 4xx that say nothing of a credential, unless they are named.
var uncounted = []int{404, 405, 408, 413, 429}

// isFor tells whether a condition holds as far as the headers tell.
func (c *Condition) isFor(a *Answer) bool {
	ofStatus := c.Status == nil && a.Status < 500
	for _, status := range c.Status {
		class := fmt.Sprintf("%dxx", a.Status/100)
		ofStatus = ofStatus || status == a.Status || status == class && !slices.Contains(uncounted, a.Status)
	}
	return ofStatus && (c.Header == "" || slices.ContainsFunc(a.Headers, func(h [2]string) bool {
		return strings.EqualFold(h[0], c.Header) && c.isIn(h[1])
	}))
}

func (c *Condition) isIn(value string) bool {
	switch c.Has {
	case "prefix":
		return strings.HasPrefix(value, c.Text)
	case "contains":
		return strings.Contains(value, c.Text)
	}
	return value == c.Text
}

// holding tells whether one of the conditions holds whatever the body has, and what else
// the body could decide.
func holding(list []Condition, a *Answer) (holds bool, open []Condition) {
	for i := range list {
		switch c := &list[i]; {
		case !c.isFor(a):
		case c.Path == nil:
			holds = true
		default:
			open = append(open, *c)
		}
	}
	return holds, open
}

func holdInBody(open []Condition, a *Answer) bool {
	return slices.ContainsFunc(open, func(c Condition) bool {
		value, found := member([]byte(a.Body), c.Path)
		return found && slices.ContainsFunc(c.Values, func(wanted any) bool { return value == text(wanted) })
	})
}

// judgeByConditions judges a response that is not a failure by its status alone. good is
// the verdict for a success.
func judgeByConditions(l *Lockout, r *Request, a *Answer, good verdict) verdict {
	fails, mayFail := holding(l.FailuresWhen, a)
	succeeds, maySucceed := a.Status >= 200 && a.Status < 300, []Condition(nil)
	if l.SucceededWhen != nil {
		succeeds, maySucceed = holding(l.SucceededWhen, a)
	}
	if succeeds {
		maySucceed = nil
	}
	tells := len(mayFail)+len(maySucceed) > 0
	switch {
	case fails:
		return failure
	case tells && (a.Zipped || a.Body == ""):
		return nothing
	case tells && r.Leaves:
		if len(mayFail) > 0 && a.Status >= 300 {
			return failure
		}
		return nothing
	case holdInBody(mayFail, a):
		return failure
	case succeeds || holdInBody(maySucceed, a):
		return good
	}
	return nothing
}

// member is the text of a member of JSON. Of one that is there twice, the first counts.
func member(body []byte, path []string) (value string, found bool) {
	if len(path) == 0 {
		var v any
		_ = json.Unmarshal(body, &v)
		return text(v), true
	}
	d := json.NewDecoder(bytes.NewReader(body))
	begin, err := d.Token()
	for i := 0; err == nil && d.More(); i++ {
		name := any(fmt.Sprint(i))
		if begin == json.Delim('{') {
			name, _ = d.Token()
		}
		var inner json.RawMessage
		if err = d.Decode(&inner); err == nil && name == path[0] {
			return member(inner, path[1:])
		}
	}
	return "", false
}

func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings, numbers, true, false and null
	}
	return string(written)
}
