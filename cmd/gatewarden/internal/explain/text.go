package explain

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// page writes a report for people.
type page struct{ b strings.Builder }

func (p *page) head(title string) {
	if p.b.Len() > 0 {
		p.b.WriteByte('\n')
	}
	p.b.WriteString(title + "\n")
}

func (p *page) line(format string, args ...any) {
	p.b.WriteString(strings.TrimRight("  "+fmt.Sprintf(format, args...), " ") + "\n")
}

// Text writes the report for people.
func (r *Report) Text(out io.Writer) error {
	var p page
	p.request(r)
	p.head("Surface")
	p.line("%s", r.Surface.Says)
	if r.Surface.Resource != "" {
		p.line("%s", r.Surface.Resource)
	}
	p.client(&r.Client)
	p.head("Credential")
	for _, says := range r.Credential.Says {
		p.line("%s", says)
	}
	p.identity(r.Identity)
	if len(r.Rules) > 0 {
		p.head("Rules, in the order in which they are asked")
		p.rules(r.Rules)
	}
	p.verdict(&r.Verdict)
	p.response(r.Response)
	if r.Repeat != nil {
		p.head("Again and again")
		p.line("%s", r.Repeat.Says)
	}
	if len(r.Next) > 0 {
		p.head("To change this")
		for _, says := range r.Next {
			p.line("%s", says)
		}
	}
	_, err := io.WriteString(out, p.b.String())
	return err
}

func (p *page) request(r *Report) {
	q := &r.Request
	p.head("Request")
	p.line("%s %s", q.Method, q.Path)
	if q.Host != "" {
		p.line("%s", q.Host)
	}
	if q.Kind != "" {
		p.line("a %s", q.Kind)
	}
	if q.Note != "" {
		p.line("%s", q.Note)
	}
	if len(q.Overrides) > 0 {
		p.line("a service may take its method for %s (method-override header)", strings.Join(q.Overrides, ", "))
	}
	if len(q.Readings) > 1 {
		p.line("its path can be read in %d ways:", len(q.Readings))
	}
	width := 0
	for _, reading := range q.Readings {
		width = max(width, len(reading.Host+reading.Path))
	}
	for _, reading := range q.Readings {
		p.line("%-*s  %s", width, reading.Host+reading.Path, reading.leads())
	}
	if len(q.Removed) > 0 {
		p.line("the service does not see: %s", strings.Join(q.Removed, ", "))
	}
}

func (r *Reading) leads() string {
	says := "no surface"
	switch {
	case r.Exempt:
		says = "exempt, " + r.Match
	case r.Surface != "":
		says = r.Surface + ", " + r.Match
	}
	if len(r.Later) > 0 {
		says += " (before " + strings.Join(r.Later, "; ") + ")"
	}
	return says
}

func (p *page) client(c *ClientPart) {
	p.head("Client")
	if c.Address == "" {
		p.line("%s", c.Source)
	} else {
		p.line("%s, from %s", c.Address, c.Source)
		p.line("counted as %s", c.Counted)
	}
	for _, hop := range c.Hops {
		p.line("  %s", hop)
	}
	if c.Allowed != "" {
		p.line("never locked out: %s", c.Allowed)
	}
	for _, note := range c.Notes {
		p.line("%s", note)
	}
}

func (p *page) identity(i *IdentityPart) {
	if i == nil {
		return
	}
	p.head("Identity")
	p.rules(i.Sources)
	switch {
	case !i.Verified:
		p.line("no source verifies the caller")
	case len(i.Scopes)+len(i.Roles) > 0:
		p.line("scopes: %s; roles: %s", orNone(i.Scopes), orNone(i.Roles))
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// rules writes one line for each rule: a mark on those that apply, and another on those that
// refuse.
func (p *page) rules(list []Rule) {
	width := 0
	for _, rule := range list {
		width = max(width, len(rule.Rule))
	}
	for _, rule := range list {
		mark := "-"
		switch {
		case rule.Refuses:
			mark = "!"
		case rule.Applies:
			mark = "*"
		}
		p.line("%s %-*s  %s", mark, width, rule.Rule, rule.Says)
		p.line("  %-*s  %s", width, "", rule.Place)
	}
}

func (p *page) verdict(v *Verdict) {
	p.head("Verdict")
	p.line("%s", v.Says)
	if v.Reply != nil {
		p.line("")
		p.reply(v.Reply)
	}
}

func (p *page) reply(r *Reply) {
	p.line("HTTP %d", r.Status)
	for _, h := range r.Headers {
		p.line("%s: %s", h[0], h[1])
	}
	if r.Body != "" {
		p.line("")
		p.line("%s", r.Body)
	}
}

func (p *page) response(r *ResponsePart) {
	if r == nil {
		return
	}
	p.head(fmt.Sprintf("Response with status %d", r.Status))
	for _, says := range r.Says {
		p.line("%s", says)
	}
	for _, name := range r.Removed {
		p.line("removed: %s", name)
	}
	for _, h := range r.Added {
		p.line("added: %s: %s", h[0], h[1])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Counted)) {
		p.line("counted: %s +%d", name, r.Counted[name])
	}
}
