package introspect

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/identity/claim"
	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

const (
	// maxAnswer bounds the answer about one token, in bytes.
	maxAnswer = 64 << 10
	// maxSkew, in milliseconds, is how far an authorization server's clock may be
	// ahead: the server calls a token active that becomes valid when it is issued.
	maxSkew = 60_000
	// endless, in seconds since 1970, stands for a token that does not expire.
	endless = 1e11
)

// answer is a server's answer about a token.
type answer struct {
	active bool
	// until is when the token expires, in milliseconds since 1970.
	until    int64
	identity caller.Identity
}

// readAnswer reads an answer (RFC 7662 section 2.2). now is in milliseconds since 1970.
// It returns nil if the body is not a valid answer. Such a body does not prove the token
// inactive either.
func readAnswer(body []byte, claims *config.Claims, audience string, now int64) *answer {
	if len(body) > maxAnswer || !jsonguard.Valid(body) {
		return nil
	}
	r := reader{root: gjson.ParseBytes(body)}
	active := r.member("active")
	ends, begins := r.time("exp", endless), r.time("nbf", 0)
	meant := r.list([]string{"aud"}, "")
	said := &answer{}
	r.identify(&said.identity, claims)
	if r.bad || !r.root.IsObject() || !active.IsBool() {
		return nil
	}
	if !active.Bool() || audience != "" && !slices.Contains(meant, audience) || now >= ends || now < begins-maxSkew {
		return &answer{}
	}
	said.active, said.until = true, ends
	said.identity.Verified = true
	if audience == "" { // otherwise the configuration says for whom tokens are
		said.identity.Audience = meant
	}
	return said
}

// reader reads the members of an answer.
type reader struct {
	root gjson.Result
	// bad tells whether a member occurs twice or has the wrong type.
	bad bool
}

// member returns the member at the end of the way, which leads through nested objects.
func (r *reader) member(way ...string) gjson.Result {
	at := r.root
	for _, name := range way {
		var found gjson.Result
		if !at.IsObject() {
			return found
		}
		at.ForEach(func(key, value gjson.Result) bool {
			if key.Str == name {
				r.bad = r.bad || found.Exists()
				found = value
			}
			return true
		})
		at = found
	}
	return at
}

// time returns a member that is a time, in milliseconds since 1970. without is its
// value in seconds if there is no such member.
func (r *reader) time(name string, without float64) int64 {
	v := r.member(name)
	switch {
	case !v.Exists() || v.Type == gjson.Null:
		v.Num = without
	case v.Type != gjson.Number:
		r.bad = true
		return 0
	}
	return int64(min(max(v.Num, 0), endless) * 1000)
}

func (r *reader) identify(id *caller.Identity, c *config.Claims) {
	id.Subject, id.Tenant, id.Tier = r.text(c.Subject), r.text(c.Tenant), r.text(c.Tier)
	id.Scopes, id.Roles = r.list(c.Scopes, " "), r.list(c.Roles, " ")
}

func (r *reader) text(way []string) string {
	if len(way) == 0 {
		return ""
	}
	return textOf(r.member(way...))
}

// list reads a claim with several values: an array, or one text with separators.
func (r *reader) list(way []string, separators string) []string {
	if len(way) == 0 {
		return nil
	}
	v := r.member(way...)
	if !v.IsArray() {
		return claim.Split(textOf(v), separators)
	}
	var list []string
	v.ForEach(func(_, element gjson.Result) bool {
		if text := textOf(element); text != "" {
			list = append(list, text)
		}
		return true
	})
	return list
}

// textOf returns a claim as text, or "" if it has no text. The result is a copy: the
// answer's memory can go.
func textOf(v gjson.Result) string {
	switch {
	case v.Type == gjson.String && claim.IsText(v.Str):
		return strings.Clone(v.Str)
	case v.Type == gjson.Number:
		return claim.Number(v.Num)
	case v.IsBool():
		return strings.Clone(v.Raw)
	}
	return ""
}
