package introspect

import (
	"encoding/base64"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// request is the introspection request of a server (RFC 7662 section 2.1), all but the
// token.
type request struct {
	cluster string
	headers []proxy.Header
	// form is the body up to the token.
	form []byte
	// timeout in milliseconds.
	timeout int64
}

func newRequest(c *config.Introspection) request {
	r := request{
		cluster: c.Cluster, timeout: c.Timeout,
		headers: []proxy.Header{
			{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: c.Scheme},
			{Name: ":authority", Value: c.Authority}, {Name: ":path", Value: c.Path},
			{Name: "content-type", Value: "application/x-www-form-urlencoded"}, {Name: "accept", Value: "application/json"},
		},
		form: []byte("token_type_hint=access_token"),
	}
	r.authenticate(c)
	r.form = append(r.form, "&token="...)
	return r
}

// authenticate adds the client's credentials. RFC 6749 section 2.3.1 has them
// form-encoded in the header, too.
func (r *request) authenticate(c *config.Introspection) {
	id, secret := appendEncoded(nil, c.ClientID), appendEncoded(nil, c.ClientSecret)
	if c.Auth == config.ClientSecretPost {
		r.form = append(append(r.form, "&client_id="...), id...)
		r.form = append(append(r.form, "&client_secret="...), secret...)
		return
	}
	pair := append(append(id, ':'), secret...)
	r.headers = append(r.headers, proxy.Header{Name: caller.Authorization, Value: "Basic " + base64.StdEncoding.EncodeToString(pair)})
}

// about returns the request for a token.
func (r *request) about(token string) *proxy.Call {
	body := make([]byte, 0, len(r.form)+3*len(token))
	return &proxy.Call{
		Cluster: r.cluster, Headers: r.headers, Timeout: r.timeout,
		Body: appendEncoded(append(body, r.form...), token),
	}
}

// appendEncoded appends a text as the value of a form field.
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
