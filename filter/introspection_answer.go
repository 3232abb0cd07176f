package filter

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

const (
	// maxAnswer bounds the answer about one token.
	maxAnswer = 64 << 10
	// maxSkew, in milliseconds, is by how much an authorization server's clock may
	// be ahead: it calls a token active that begins when it was made.
	maxSkew = 60_000
	// endless, in seconds, is a time that no token lives to see.
	endless = 1e11
)

// introspected is what an answer says.
type introspected struct {
	active bool
	// until is when the token ends, in milliseconds of the time of day.
	until    int64
	identity identity
}

// readIntrospection reads an answer (RFC 7662 section 2.2). It is not ok if it is
// none: who knows what such a server would have said.
func readIntrospection(body []byte, claims *config.Claims, audience string, now int64) (said introspected, ok bool) {
	if len(body) > maxAnswer || !jsonguard.Valid(body) {
		return introspected{}, false
	}
	r := answerReader{root: gjson.ParseBytes(body)}
	active := r.member("active")
	ends, begins := r.seconds("exp", endless), r.seconds("nbf", 0)
	meant := audience == "" || slices.Contains(r.list([]string{"aud"}, ""), audience)
	said.identity = r.identity(claims)
	if r.bad || !r.root.IsObject() || !active.IsBool() {
		return introspected{}, false
	}
	if !active.Bool() || !meant || now >= ends || now < begins-maxSkew {
		return introspected{}, true
	}
	said.active, said.until = true, ends
	said.identity.verified = true
	return said, true
}

// answerReader takes an answer apart.
type answerReader struct {
	root gjson.Result
	// bad tells that a member is there twice, or is not what it has to be.
	bad bool
}

func (r *answerReader) member(way ...string) gjson.Result {
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

// seconds reads a time, in milliseconds. Without is what it is if it is not there.
func (r *answerReader) seconds(name string, without float64) int64 {
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

func (r *answerReader) identity(c *config.Claims) identity {
	return identity{
		subject: r.text(c.Subject), tenant: r.text(c.Tenant), tier: r.text(c.Tier),
		scopes: r.list(c.Scopes, " "), roles: r.list(c.Roles, " "),
	}
}

func (r *answerReader) text(way []string) string {
	if len(way) == 0 {
		return ""
	}
	return jsonText(r.member(way...))
}

// list reads a claim of several values: a list, or one text with separators
// between.
func (r *answerReader) list(way []string, separators string) []string {
	if len(way) == 0 {
		return nil
	}
	v := r.member(way...)
	if !v.IsArray() {
		return divide(jsonText(v), separators)
	}
	var list []string
	v.ForEach(func(_, element gjson.Result) bool {
		if text := jsonText(element); text != "" {
			list = append(list, text)
		}
		return true
	})
	return list
}

// jsonText is a claim as text, "" if it has none; see claimText. It is a copy, so
// that nothing keeps the answer.
func jsonText(v gjson.Result) string {
	switch {
	case v.Type == gjson.String && isText(v.Str):
		return strings.Clone(v.Str)
	case v.Type == gjson.Number:
		return numberText(v.Num)
	case v.IsBool():
		return strings.Clone(v.Raw)
	}
	return ""
}
