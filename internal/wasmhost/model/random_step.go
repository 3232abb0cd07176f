package model

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// drawStep draws a step and lets the model take it, so that the next one can be
// aimed at what is going on.
func (g *generator) drawStep(workers, depth int, around *Request) Step {
	s := Step{Worker: g.IntN(workers), Advance: g.drawAdvance(depth), Restart: depth == 0 && g.sometimes(60)}
	if g.priced {
		g.reloads(&s, depth)
	}
	g.model.Now += s.Advance.Milliseconds()
	if g.limits && depth == 0 && g.sometimes(60) {
		s.Rules = g.redraw(g.model.rules)
		g.model.rules = s.Rules
	}
	again := g.before != nil && g.sometimes(3)
	switch s.Send = g.drawRequest(); {
	case again:
		s.Send = g.again(g.before.Send)
	case g.attacks && g.sometimes(2):
		g.drawAttack(&s.Send)
	}
	if around != nil && !g.sometimes(3) { // the same client at once, maybe with the same credential
		s.Send.From, s.Send.Path, s.Send.Dress, s.Send.Claim = around.From, around.Path, plain, around.Claim
		if g.sometimes(2) {
			s.Send.Credentials = around.Credentials
		}
	}
	g.price(&s.Send)
	if s.Answer = g.drawAnswer(&s.Send); again {
		s.Answer = g.before.Answer
	}
	g.before = &Step{Send: s.Send, Answer: s.Answer}
	g.take(&s, func() {
		switch {
		case depth == 0 && g.sometimes(20):
			s.Meanwhile = g.drawBurst(workers, &s.Send, 12)
		case depth < 3 && (g.sometimes(8) || s.Send.Calls != nil && g.sometimes(3)):
			for range 1 + g.IntN(4) {
				s.Meanwhile = append(s.Meanwhile, g.drawStep(workers, depth+1, &s.Send))
			}
		}
	})
	return s
}

// again is a request once more, as programs send it that try again: in other pieces, and
// with another token of the page. Sometimes it is almost the same.
func (g *generator) again(r Request) Request {
	r.Piece, r.Joined = g.IntN(20), g.sometimes(2)
	r.Form = slices.Clone(r.Form)
	for i := range r.Form {
		switch f := &r.Form[i]; {
		case slices.Contains(tokenFields, f.Name):
			f.Value = g.drawToken()
		case f.Name == "password" && g.sometimes(4):
			f.Value = "guess"
		}
	}
	switch {
	case g.sometimes(8):
		r.From = one(g, addresses[:4]...)
	case g.sometimes(8):
		r.Dress = Dress(g.IntN(int(dresses)))
	case g.sometimes(8):
		r.Credentials = g.drawCredentials()
	}
	return r
}

// drawToken draws what is left out of a form that is known again, if it is one by which a
// framework knows its forms: of its characters, only those of Base64 are left out.
func (g *generator) drawToken() string { return one(g, "dG9r", "ZW4", "a+/=") }

// take lets the model take a step, with what happens meanwhile if the service
// gets the request.
func (g *generator) take(s *Step, meanwhile func()) {
	g.model.turn(s)
	if v := g.model.arrive(&s.Send, Sight{}); v.ended == nil {
		meanwhile()
		g.model.answered(v, &s.Send, &s.Answer)
	}
}

// drawBurst draws requests of one client to one surface of which each is sent
// while all before it wait, up to one that is refused or to the limit.
func (g *generator) drawBurst(workers int, like *Request, limit int) (burst []Step) {
	if limit == 0 {
		return nil
	}
	for range 1 + g.IntN(2) {
		s := Step{Worker: g.IntN(workers), Send: g.drawRequest()}
		if g.sometimes(20) {
			s.Advance = g.drawAdvance(0)
			g.model.Now += s.Advance.Milliseconds()
		}
		s.Send.From, s.Send.Method, s.Send.Path, s.Send.Dress = like.From, "POST", like.Path, plain
		g.price(&s.Send)
		s.Answer = g.drawAnswer(&s.Send)
		g.take(&s, func() { s.Meanwhile = g.drawBurst(workers, like, limit-1) })
		limit = max(limit-1-count(s.Meanwhile), 1)
		burst = append(burst, s)
	}
	return burst
}

// drawLast draws bursts when nothing can be under way any more: no place among
// the pending attempts is taken then, whatever became of them.
func (g *generator) drawLast(workers int) (last []Step) {
	after := time.Minute
	for i := range g.setup.Surfaces {
		if g.setup.Surfaces[i].Lockout.Pending == 0 {
			continue
		}
		s := Step{Worker: g.IntN(workers), Advance: after, Send: g.drawRequest()}
		after = 0
		g.model.Now += s.Advance.Milliseconds()
		s.Send.Method, s.Send.Path, s.Send.Dress = "POST", g.setup.Surfaces[i].Match[0].Path, plain
		g.price(&s.Send)
		s.Answer = g.drawAnswer(&s.Send)
		g.take(&s, func() { s.Meanwhile = g.drawBurst(workers, &s.Send, 12) })
		last = append(last, s)
	}
	return last
}

func (g *generator) drawAdvance(depth int) time.Duration {
	const ms = time.Millisecond
	if depth > 0 && !g.sometimes(4) {
		return 0
	}
	switch n := g.IntN(40); {
	case n < 28:
		return 0
	case n < 31:
		return time.Duration(g.IntN(1000)) * ms
	case n < 33:
		return time.Duration(g.IntN(20)) * time.Second
	case n < 38:
		return g.towards()
	case n < 39 && g.back && g.model.Now > firstTime/2:
		return -time.Duration(one(g, 1, 999, 1000, 1001, 5000, 60_000)) * ms
	}
	return time.Duration(g.IntN(3600)) * time.Second
}

// towards is the way to a moment when something ends, or just beside it.
func (g *generator) towards() time.Duration {
	if len(g.model.order) == 0 {
		return 0
	}
	left := one(g, one(g, g.model.order...).moments()...) - g.model.Now + int64(g.IntN(3)-1)
	return time.Duration(max(left, 0)) * time.Millisecond
}

var addresses = []netip.Addr{
	netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.9"),
	netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("192.0.3.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"),
	netip.MustParseAddr("2001:db8:0:1::1"), netip.MustParseAddr("2001:db8:5::1"), {},
}

func (g *generator) drawRequest() Request {
	r := Request{
		Method:      one(g, "GET", "GET", "POST", "POST", "POST", "OPTIONS", "HEAD", "put"),
		From:        one(g, addresses[:1+g.IntN(1+g.IntN(len(addresses)))]...), // the first ones most often
		Wrapped:     Wrap(g.IntN(int(wraps))),
		Path:        g.drawPath(),
		Credentials: g.drawCredentials(),
		Preflight:   g.sometimes(12),
		GRPC:        g.sometimes(8),
		Leaves:      g.sometimes(20),
	}
	if g.sometimes(4) {
		r.Dress = Dress(g.IntN(int(dresses)))
	}
	if g.sometimes(20) {
		r.Override = one(g, "POST", "GET", "delete")
	}
	if r.GRPC {
		r.Method, r.Preflight = "POST", false
	}
	if g.limits {
		r.Claim = g.drawClaim()
	}
	if g.hosts {
		g.drawHost(&r)
	}
	if g.sometimes(6) {
		for range 1 + g.IntN(3) {
			r.Query = append(r.Query, Field{one(g, "username", "email", "email", "user[email]", "page"), g.drawAccount()})
		}
	}
	if strings.EqualFold(r.Method, "POST") || r.Method == "put" {
		g.drawBody(&r)
	}
	return r
}

func (g *generator) drawBody(r *Request) {
	switch {
	case !r.GRPC && g.sometimes(2):
		g.drawForm(r)
	case g.sometimes(2):
		r.Body = true
	default:
		return
	}
	r.Joined, r.Trailers, r.Aborts = g.sometimes(2), g.sometimes(8), g.sometimes(8)
}

func (g *generator) drawForm(r *Request) {
	r.Form = []Field{{"password", "secret"}}
	for _, name := range []string{"username", "client_id", "email", one(g, "Email", "login", "user[email]", "user.email", "User_Email")} {
		if g.sometimes(2) {
			r.Form = append(r.Form, Field{name, g.drawAccount()})
		}
	}
	if g.sometimes(3) {
		r.Form = append(r.Form, Field{one(g, "csrf_token", "csrf_token", "_csrf", "Csrf_Token"), g.drawToken()})
	}
	if g.sometimes(12) {
		r.Form = append(r.Form, one(g, r.Form...))
	}
	g.Shuffle(len(r.Form), func(i, j int) { r.Form[i], r.Form[j] = r.Form[j], r.Form[i] })
	r.Writing, r.Piece = Writing(g.IntN(int(writings))), g.IntN(20)
	if !r.isJSON() && g.sometimes(30) {
		r.Form = append(r.Form, Field{"padding", strings.Repeat("x", maxForm)})
	}
}

func (g *generator) drawAccount() string {
	return one(g, "ann", "ann", "bob", "ANN", " Bob ", "a b+&=%;")
}

// drawPath returns the script's favourite as often as all others.
func (g *generator) drawPath() string {
	if g.sometimes(2) {
		return g.favourite
	}
	return one(g, "/api/items", "/api/items", "/api/admin", "/api/admin/users", "/api/open", "/v2/items", "/v2/itemsx", "/mcp",
		"/mcp", "/mcp/public/x", "/oauth/token", "/oauth/token", "/login", "/session", "/healthz", "/.well-known/x", "/elsewhere")
}

func (g *generator) drawCredentials() []Credential {
	secret := one(g, "a", "b", "c")
	if g.sometimes(3) { // a user and a guesser, so that they meet
		return []Credential{{In: "bearer", Secret: one(g, "a", "b")}}
	}
	switch g.IntN(12) {
	case 0, 1:
		return nil
	case 2:
		return []Credential{{In: "scheme"}}
	case 3, 4, 5:
		return []Credential{{In: "basic", User: one(g, "ann", "bob", "Ann "), Secret: secret}}
	case 6:
		return []Credential{{In: "key", Secret: secret}}
	case 7:
		return []Credential{{In: "cookie", Secret: secret}}
	case 8:
		return []Credential{{In: "bearer", Secret: secret}, {In: "key", Secret: secret}}
	}
	return []Credential{{In: "bearer", Secret: secret}}
}

func (g *generator) drawAnswer(r *Request) Answer {
	a := Answer{Status: one(g, 200, 200, 200, 401, 401, 401, 401, 401, 401, 401, 400, 403, 404, 422, 429, 302, 204, 500, 503)}
	if g.honest && !g.sometimes(10) {
		a.Status = 401
		if r.isRight() {
			a.Status = 200
		}
	}
	switch {
	case r.GRPC:
		a.Status = one(g, 200, 200, 200, 401)
		a.GRPC, a.Late = one(g, "0", "7", "16", "16", "16"), g.sometimes(2)
		if a.Status != 200 {
			a.GRPC = ""
		}
	case r.Path == "/oauth/token" && (!g.honest || a.Status != 200) && !g.sometimes(3):
		a.Status = one(g, 400, 400, 400, 403, 404)
		if !g.honest {
			a.Status = one(g, 400, 400, 400, 403, 302, 200, 200, 500)
		}
		a.Type = one(g, "application/json", "application/json", "Application/JSON;charset=UTF-8", "text/html", "")
		a.Zipped = g.sometimes(8)
		a.Chunk = g.IntN(9)
		a.Body = one(g, `{"error":"invalid_grant"}`, `{"error":"invalid_client"}`, `{"error":"authorization_pending"}`,
			`{"error":"slow_down","error_description":"invalid_grant"}`, `{"x":{"error":"invalid_grant"},"error":"invalid_scope"}`,
			`{"error_description":"\"","\u0065rror" : "invalid_gr\u0061nt"}`, `{"error":["invalid_grant"]}`, `[{"error":"invalid_grant"}]`, `no JSON`,
			"error=invalid_grant", "error_description=x&error=invalid%5Fclient&state=y", "error=slow_down", "a=b&errors=invalid_grant", "")
	}
	if g.conditions && !r.GRPC && g.sometimes(2) {
		g.drawSigns(&a)
	}
	if g.sometimes(10) {
		a.Behind = "jwt_authn_access_denied{}"
	}
	if r.Method == "HEAD" {
		a.Body = ""
	}
	if g.limits {
		a.Own = g.drawOwn()
	}
	return a
}

// isRight tells whether the credential is a good one, at an honest service.
func (r *Request) isRight() bool {
	return len(r.Credentials) > 0 && r.Credentials[0].Secret == "a" || len(r.Form) > 0 && r.Form[0].Value == mallory
}
