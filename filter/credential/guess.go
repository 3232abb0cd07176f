package credential

import (
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/credential/fields"
	"github.com/gatewarden/gatewarden/filter/credential/guess"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/table"
)

// Guess names all that a request presents to sign in, so that the same guess is known when
// it comes again. The zero Guess names nothing.
type Guess struct {
	reader  *guess.Reader // kept for the next request
	reading bool
	held    int // bytes of the held body that were read
	name    caller.Guess
}

// Presented names the credentials that a request presents, as [Reader.AppendGuess] has
// them. They are one guess on all paths of a host, and another one on another host, which
// may have other users.
func (g *Guess) Presented(t *table.Table, authority string, presented []byte) {
	if len(presented) == 0 {
		return
	}
	g.begin(t)
	g.reader.Part(authority)
	g.reader.Bytes(presented)
	g.name = g.reader.End()
}

// Begin names a request that signs in: by its credentials, as [Reader.AppendGuess] has
// them, its target, and its body as it is fed. end tells whether it has none.
func (g *Guess) Begin(t *table.Table, target *request.Target, d *request.Details, presented []byte, end bool) {
	g.begin(t)
	r := g.reader
	for _, part := range [...]string{target.Authority, target.Method, target.Path, d.ContentEncoding} {
		r.Part(part)
	}
	r.Bytes(presented)
	body := fields.BodyOf(d.ContentType, d.ContentEncoding)
	if body.Media == fields.MultipartMedia && r.Multipart(body.Boundary) {
		r.Part("")
	} else {
		r.Part(d.ContentType)
	}
	if body.Media == fields.FormMedia {
		r.Form()
	}
	if g.reading = !end; end {
		g.name = r.End()
	}
}

func (g *Guess) begin(t *table.Table) {
	if g.reader == nil {
		g.reader = &guess.Reader{}
	}
	g.held = 0
	g.reader.Begin(t)
}

// Reset makes the Guess a zero Guess that keeps its memory.
func (g *Guess) Reset() { *g = Guess{reader: g.reader} }

// Reading tells whether a body is being read.
func (g *Guess) Reading() bool { return g.reading }

// Read reads the body, of which size bytes are available. held tells whether the next call
// has these bytes again, followed by new ones; end tells whether this is the last call.
func (g *Guess) Read(body proxy.RequestBody, size int, held, end bool) {
	if !g.reading {
		return
	}
	if size > g.held {
		g.reader.Feed(body.RequestBody(g.held, size-g.held))
	}
	if g.held = 0; held {
		g.held = size
	}
	if end {
		g.End()
	}
}

// Released tells whether what was held has gone on.
func (g *Guess) Released() { g.held = 0 }

// End ends the body.
func (g *Guess) End() {
	if g.reading {
		g.reading = false
		g.name = g.reader.End()
	}
}

// Name returns what the request presents, for as long as the Guess is not reset. It is not
// known before all of the body has come.
func (g *Guess) Name() *caller.Guess { return &g.name }

// AppendGuess appends all credentials as the client wrote them: if a place has two, a
// service may use either. It appends as a whole what services may read in several ways,
// and nothing if there are no credentials.
func (r *Reader) AppendGuess(out []byte, headers []proxy.Header) []byte {
	if !r.Presents(headers) {
		return out
	}
	quoted := hasQuotedCookie(headers)
	for i := range headers {
		h := &headers[i]
		carrier := r.carrier(h)
		// A service may take several lines for one, which is a credential together.
		whole := carrier == caller.InProtocol || carrier == caller.InCookie && quoted
		switch {
		case whole || carrier == caller.InHeader && r.value(h) != "":
			out = table.AppendPart(table.AppendPart(out, h.Name), h.Value)
		case carrier == caller.InCookie:
			out = r.appendRawCookies(out, h.Value)
		case carrier == caller.InQuery && r.value(h) != "":
			out = r.appendRawParams(out, request.Query(h.Value))
		}
	}
	return out
}

// hasQuotedCookie tells whether a cookie may have a quoted value, which to some services
// goes on behind a semicolon.
func hasQuotedCookie(headers []proxy.Header) bool {
	for i := range headers {
		if headers[i].Name == cookieHeader && strings.IndexByte(headers[i].Value, '"') >= 0 {
			return true
		}
	}
	return false
}

// appendRawCookies appends the cookies with a configured name.
func (r *Reader) appendRawCookies(out []byte, field string) []byte {
	for rest := field; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(pair, "=")
		if key = strings.Trim(key, blanks); slices.Contains(r.config.Cookies, key) {
			out = appendPlaced(out, "cookie ", key, value)
		}
	}
	return out
}

// appendRawParams appends the parameters with a configured name. Services do not agree
// whether one ends at a semicolon.
func (r *Reader) appendRawParams(out []byte, query string) []byte {
	if strings.ContainsAny(query, ";#") {
		return appendPlaced(out, "query ", "", query)
	}
	for rest := query; ; {
		var p param
		if p, rest = r.nextParam(rest); p.name == "" {
			return out
		}
		out = appendPlaced(out, "query ", p.key, p.value)
	}
}
