package filter

import (
	"encoding/base64"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/table"
)

// maxToken bounds what is asked about. No access token is longer.
const maxToken = 8192

// introspection asks an authorization server about tokens (RFC 7662) and remembers
// what it said. Answers about active tokens have room of their own: however many
// tokens somebody makes up, they push none of those out.
type introspection struct {
	config.Introspection
	claims           *config.Claims
	defaultTier      string
	place            [1]byte // among the sources
	headers          []Header
	form             []byte // of the request, but for the token
	active, inactive answers
}

func newIntrospection(c *config.Identity, place int) *introspection {
	i := &introspection{
		Introspection: c.Introspection, claims: &c.Claims, defaultTier: c.DefaultTier, place: [1]byte{byte(place)},
		active: newAnswers(c.Introspection.Entries), inactive: newAnswers(c.Introspection.Entries),
		headers: []Header{
			{":method", "POST"}, {":scheme", c.Introspection.Scheme},
			{":authority", c.Introspection.Authority}, {":path", c.Introspection.Path},
			{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"},
		},
		form: []byte("token_type_hint=access_token"),
	}
	// RFC 6749 section 2.3.1: both are form-encoded, in the header, too.
	id, secret := appendEncoded(nil, i.ClientID), appendEncoded(nil, i.ClientSecret)
	if i.Auth == config.ClientSecretPost {
		i.form = append(append(i.form, "&client_id="...), id...)
		i.form = append(append(i.form, "&client_secret="...), secret...)
	} else {
		pair := append(append(id, ':'), secret...)
		i.headers = append(i.headers, Header{authorization, "Basic " + base64.StdEncoding.EncodeToString(pair)})
	}
	i.form = append(i.form, "&token="...)
	return i
}

// request asks about a token.
func (i *introspection) request(token string) *Call {
	body := make([]byte, 0, len(i.form)+3*len(token))
	return &Call{
		Cluster: i.Cluster, Headers: i.headers, Timeout: i.Timeout,
		Body: appendEncoded(append(body, i.form...), token),
	}
}

// appendEncoded appends a text as a form's value.
// See https://url.spec.whatwg.org/#urlencoded-serializing
func appendEncoded(out []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '*':
			out = append(out, c)
		case c == ' ':
			out = append(out, '+')
		default:
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return out
}

// inquiry is what a stream asks authorization servers.
type inquiry struct {
	// next is the place of the identity source to be asked next.
	next int
	// open tells that source has to be asked about the token.
	open   bool
	source *introspection
	token  string
	key    table.Key
	// lookup is waited for, in place of its list; nil if none is.
	lookup *lookup
	place  int
	// failed tells that there was no answer, and that nobody may pass without one.
	failed bool
}

// introspected is the identity of a bearer token that is known to be active. One of
// which nothing is known leaves the inquiry open.
func (s *Stream) introspected(host Host, source *introspection, p *presented) identity {
	f, q := s.filter, &s.inquiry
	bears := p.place == authorization && !p.cookie && strings.EqualFold(p.scheme, bearer)
	if !bears || len(p.token) > maxToken || !s.surface.challenged() {
		return identity{}
	}
	f.name = append(f.name[:0], p.token...)
	key := f.table.Key(introspectionRule, source.place[:], f.name)
	id, known := f.remembered(host, source, key)
	if !known {
		q.open, q.source, q.key, q.token = true, source, key, strings.Clone(p.token)
	}
	return id
}

// remembered is what source said of a token before.
func (f *Filter) remembered(host Host, source *introspection, key table.Key) (id identity, known bool) {
	now := host.WallNow()
	if id, known = source.active.get(key, now); !known {
		_, known = source.inactive.get(key, now)
	}
	if known {
		f.metrics.introspections[introspectionCached].add(1)
	}
	return id, known
}
