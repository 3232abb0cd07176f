package oauth

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
)

// The locations of an authorization server's metadata (RFC 8414 section 3, OpenID
// Connect Discovery 1.0 section 4). A path comes behind them. OpenID Connect itself has
// its own behind the path.
const (
	serverKnown = "/.well-known/oauth-authorization-server"
	openidKnown = "/.well-known/openid-configuration"
)

// describeServers serves the metadata of the authorization servers: each at the
// locations that its issuer gives, and at the root locations of the hosts whose
// resources name it first. Clients of MCP 2025-03-26 look only there.
func (r *Room) describeServers(c *config.Config) {
	documents := make([]*Document, len(c.AuthorizationServers))
	for i := range documents {
		s := &c.AuthorizationServers[i]
		documents[i] = &Document{body: serverMetadata(s)}
		if s.Cluster != "" {
			documents[i] = &Document{server: r.newServer(s)}
			r.servers = append(r.servers, documents[i].server)
		}
		_, path := config.SplitResource(s.Issuer)
		r.publishServer(s, path, s.Issuer, documents[i])
	}
	for i := range c.OAuth {
		if at := c.ServerOf(i); at >= 0 && c.DescribesHost(i) {
			r.publishServer(&c.AuthorizationServers[at], "", c.OAuth[i].Resource, documents[at])
		}
	}
	if len(documents) == 1 {
		r.publishServer(&c.AuthorizationServers[0], "", c.AuthorizationServers[0].Issuer, documents[0])
	}
}

// publishServer serves the document of a server at the locations of a path, "" for the
// root, for the origin of a URL.
func (r *Room) publishServer(s *config.AuthorizationServer, path, url string, d *Document) {
	o := newOrigin(url)
	r.publish(serverKnown+path, o, d)
	if !s.OpenID {
		d = nil // not that of another server either
	}
	r.publish(openidKnown+path, o, d)
	if path != "" && s.OpenID {
		r.publish(path+openidKnown, o, d)
		r.appended = true
	}
}

// serverMetadata returns the document of a server as the configuration describes it.
// MCP clients use no server that does not say that it does PKCE.
func serverMetadata(s *config.AuthorizationServer) []byte {
	var b document
	b.Add(`{"issuer":`)
	b.AddJSON(s.Issuer)
	b.member("authorization_endpoint", s.AuthorizationEndpoint)
	b.member("token_endpoint", s.TokenEndpoint)
	b.member("registration_endpoint", s.RegistrationEndpoint)
	b.member("introspection_endpoint", s.IntrospectionEndpoint)
	b.member("revocation_endpoint", s.RevocationEndpoint)
	b.member("jwks_uri", s.JWKSURI)
	b.list("response_types_supported", s.ResponseTypes)
	b.list("grant_types_supported", s.GrantTypes)
	b.list("token_endpoint_auth_methods_supported", s.TokenEndpointAuthMethods)
	b.list("scopes_supported", s.Scopes)
	b.member("service_documentation", s.ServiceDocumentation)
	b.Add(doesPKCE + "}")
	return b.Buffer
}

// doesPKCE is the member that says that a server does PKCE, with a comma before it.
const doesPKCE = `,"code_challenge_methods_supported":["S256"]`

// retryAfter, in milliseconds, is for how long a server that gave no document is not
// asked again.
const retryAfter = 5000

// maxWaiting bounds the requests of one worker that wait for a document. Further ones get
// what is known of it.
const maxWaiting = 1024

// server is an authorization server whose own document is passed on. A worker asks it
// once for all who wait, and remembers the answer.
// See RATIONALE.md, "Why is an authorization server's document checked?"
type server struct {
	room   *Room
	config *config.AuthorizationServer
	call   proxy.Call
	// fetch is the call under way, nil if there is none.
	fetch *fetch

	body []byte // the last valid document, nil if there was none
	// since is when body came, failed when the server last gave none, in milliseconds.
	since, failed int64
	hasFailed     bool
}

// fetch is a call to a server. All requests for its document wait for it, and it goes
// on when they leave.
type fetch struct {
	number  uint32 // of the proxy's call
	waiting []*Visit
}

func (r *Room) newServer(s *config.AuthorizationServer) *server {
	origin, path := config.SplitResource(s.Issuer)
	scheme, authority, _ := strings.Cut(origin, "://")
	if path = serverKnown + path; s.Path != "" {
		path = s.Path
	}
	return &server{room: r, config: s, call: proxy.Call{Cluster: s.Cluster, Timeout: s.Timeout, Headers: []proxy.Header{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: scheme}, {Name: ":authority", Value: authority},
		{Name: ":path", Value: path}, {Name: "accept", Value: "application/json"},
	}}}
}

// Visit is a request for the document of an authorization server. The zero Visit waits
// for nothing. One that waits must [Visit.Leave] before it is cleared or moved.
type Visit struct {
	fetch *fetch
	place int // among those that wait for it
	told  func(*proxy.Reply)
}

// Await returns the reply with the document of a server. If the server must be asked
// first, it returns nil, and told is called with the reply, once.
func (v *Visit) Await(d *Document, told func(*proxy.Reply)) *proxy.Reply {
	s := d.server
	now := s.room.ports.Now()
	fresh := s.body != nil && isWithin(now, s.since, s.config.For)
	if fresh || s.hasFailed && isWithin(now, s.failed, retryAfter) || !s.ask(now) || len(s.fetch.waiting) >= maxWaiting {
		return s.reply(now)
	}
	*v = Visit{fetch: s.fetch, place: len(s.fetch.waiting), told: told}
	s.fetch.waiting = append(s.fetch.waiting, v)
	return nil
}

// Waits tells whether the request waits for the server.
func (v *Visit) Waits() bool { return v.fetch != nil }

// Leave ends the wait, if there is one. The call goes on.
func (v *Visit) Leave() {
	if v.fetch == nil {
		return
	}
	list := v.fetch.waiting
	last := len(list) - 1
	list[v.place] = list[last]
	list[v.place].place = v.place
	list[last] = nil
	v.fetch.waiting = list[:last]
	*v = Visit{}
}

// isWithin tells whether a time is at most so long after another one. The clock may have
// been stepped back.
func isWithin(now, since, length int64) bool { return now >= since && now-since < length }

// ask makes sure that the server is being asked. It returns false if it cannot be.
func (s *server) ask(now int64) bool {
	if s.fetch != nil {
		return true
	}
	number, ok := s.room.ports.Call(&s.call)
	if !ok {
		s.fail(now, flaw{outcome: outcomeError, reason: "not_sent"})
		return false
	}
	s.fetch = &fetch{number: number}
	return true
}

// fail counts and reports that there is no document that can be passed on.
func (s *server) fail(now int64, f flaw) {
	s.failed, s.hasFailed = now, true
	s.room.fetches[f.outcome].Add(1)
	log := s.room.log
	if !log.Allows(report.Signal, now) {
		return
	}
	line := report.NewLine("metadata error").Field("cluster", s.config.Cluster).Field("reason", f.reason)
	if f.member != "" {
		line.Field("member", f.member)
	}
	log.Write(line)
}

// reply returns the reply with what is known of the document, which may be stale.
func (s *server) reply(now int64) *proxy.Reply {
	if s.body == nil || !isWithin(now, s.since, s.config.For+s.config.Stale) {
		return &unavailable
	}
	left := max(s.config.For-(now-s.since), retryAfter)
	return found(s.body, strconv.FormatInt(left/1000, 10))
}

// Answered takes the outcome of the proxy's call with the given number: an answer with a
// body of size bytes. Calls of others do not concern it.
func (r *Room) Answered(number uint32, size int) {
	for _, s := range r.servers {
		if s.fetch != nil && s.fetch.number == number {
			s.answered(size)
			return
		}
	}
}

// answered reads the answer and tells those who wait.
func (s *server) answered(size int) {
	ended, now := s.fetch, s.room.ports.Now()
	s.fetch = nil
	if body, f := s.read(size); f.reason != "" {
		s.fail(now, f)
	} else {
		s.room.fetches[outcomeValid].Add(1)
		s.body, s.since, s.hasFailed = body, now, false
	}
	reply := s.reply(now)
	// One that is told may make one behind it leave.
	for i := 0; i < len(ended.waiting); i++ {
		v := ended.waiting[i]
		told := v.told
		*v = Visit{}
		told(reply)
	}
}

func (s *server) read(size int) ([]byte, flaw) {
	if status := s.room.ports.AnswerStatus(); status != "200" {
		return nil, flaw{outcome: outcomeError, reason: "status_" + status}
	}
	if size > maxDocument {
		return nil, flaw{reason: "too_long"}
	}
	return checkDocument(bytes.Clone(s.room.ports.AnswerBody(size)), s.config)
}
