package model

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// Script is what happens to a filter of some workers.
type Script struct {
	Setup   Setup
	Workers int
	Steps   []Step
	// Loose leaves the model out: the clock steps back, and what that does to
	// the setup's records the model does not know. The witness does.
	Loose bool
}

// Step is one request.
type Step struct {
	// Advance moves the clock first, maybe backwards.
	Advance time.Duration
	Worker  int
	// Restart puts a new VM in the worker's place first, as an update does.
	Restart bool
	// Reload does the same while requests are under way in the old VM, whose streams end
	// later. Rest lets all workers have so many ticks then that they take VMs for gone
	// which have none.
	Reload, Rest bool
	// Rules, if there are any, are the quotas of a new configuration, for all
	// workers.
	Rules  []Quota
	Send   Request
	Answer Answer
	// Meanwhile are sent when the service has this request and has not
	// answered it.
	Meanwhile []Step
}

// Request is what a client means to send; Wire writes it.
type Request struct {
	Method   string
	Override string // X-HTTP-Method-Override
	Path     string
	Dress    Dress
	// Host is the usual one if it is empty, Spelling one of the spellings.
	Host     string
	Spelling int
	// From is the client, Wrapped how its address is written.
	From        netip.Addr
	Wrapped     Wrap
	Credentials []Credential
	Claim       Claim
	GRPC        bool
	Preflight   bool
	// Body is JSON. Form is the other kind of body, in pieces of Piece bytes; 0
	// for all at once.
	Body bool
	// Calls are what the calls of tools cost that the Body has instead.
	Calls   []int
	Form    []Field
	Query   []Field
	Writing Writing
	Piece   int
	// Joined puts the end of the request on its last piece, Trailers behind
	// trailers.
	Joined, Trailers bool
	// Aborts lets the client go away before the service has all of the body.
	Aborts bool
	// Leaves lets the client go away as soon as it has the response headers.
	Leaves bool
}

// Dress is a spelling of a path.
type Dress int

// The spellings.
const (
	plain Dress = iota
	query
	upper
	slash   // behind it
	encoded // a letter of the last segment
	dot     // a segment "." in front of the last
	double  // two slashes in front of the last segment
	parent  // "/zz/.." in front
	semicolon
	dresses
)

// Wrap is a way to write an IPv4 address.
type Wrap int

// The ways.
const (
	bare Wrap = iota
	mapped
	nat64
	wraps
)

// Credential is one secret in one place.
type Credential struct {
	// In is bearer, scheme (a scheme without a token), basic, key, or cookie.
	In   string
	User string // of basic
	// Secret is the token, or the password.
	Secret string
}

// Answer is what the service says.
type Answer struct {
	Status int
	// Body is a token endpoint's error, or what conditions look at.
	Body string
	// Type is its content type, Zipped whether it is compressed.
	Type   string
	Zipped bool
	// Chunk is the size of the pieces in which it comes; 0 for all at once.
	Chunk int
	// GRPC is the grpc-status, in trailers if Late.
	GRPC string
	Late bool
	// Headers are lines that conditions look at.
	Headers [][2]string
	// Behind names another filter that answers.
	Behind string
	// Own are limits that the service tells of.
	Own *Limits
}

// proxies are the network that is trusted where a setup trusts any.
var proxies = netip.MustParsePrefix("10.0.0.0/8")

// Wire is the request as it reaches a filter that has the setup.
func (r *Request) Wire(s *Setup) wasmhost.Request {
	w := wasmhost.Request{Method: r.Method, Authority: r.authority(), Path: r.spelled() + r.queryText()}
	add := func(name, value string) { w.Headers = append(w.Headers, [2]string{name, value}) }
	r.writeAddress(s, &w, add)
	if r.Override != "" {
		add("x-http-method-override", r.Override)
	}
	if r.GRPC {
		add("content-type", "application/grpc")
	}
	if r.Preflight {
		add("origin", "https://app.example")
		add("access-control-request-method", "GET")
	}
	for _, c := range r.Credentials {
		add(c.header())
	}
	for _, subject := range r.Claim.Subjects {
		add("x-user-id", subject)
	}
	if r.Claim.Tenant != "" {
		add("x-tenant-id", r.Claim.Tenant)
	}
	if r.Claim.Tier != "" {
		add("x-tier", r.Claim.Tier)
	}
	r.writeBody(&w, add)
	return w
}

func (r *Request) writeBody(w *wasmhost.Request, add func(name, value string)) {
	w.EndsWithData = r.Joined
	switch {
	case r.Form != nil:
		kind := "application/x-www-form-urlencoded"
		if r.isJSON() {
			kind = "application/json"
		}
		add("content-type", kind)
		w.Body = r.formBody()
	case r.Calls != nil:
		add("content-type", "application/json")
		text := []byte(r.callText())
		w.Body = [][]byte{text[:len(text)/2], text[len(text)/2:]}
	case r.Body:
		w.Body = [][]byte{[]byte(`{"jsonrpc":"2.0",`), []byte(`"id":1,"method":"ping"}`)}
	}
	if r.Trailers {
		w.Trailers = [][2]string{{"x-checksum", "1"}}
	}
	switch {
	case r.Aborts:
		w.AbortAfter = wasmhost.AfterRequestHeaders
	case r.Leaves:
		w.AbortAfter = wasmhost.AfterResponseHeaders
	}
}

func (r *Request) writeAddress(s *Setup, w *wasmhost.Request, add func(name, value string)) {
	text := r.address()
	switch {
	case s.Source == sourceXFF:
		w.SourceAddress = "10.0.0.1:1"
		add("x-forwarded-for", "203.0.113.9, "+text+", 10.9.9.9")
	case s.Source == sourceXFFFirst:
		w.SourceAddress = "10.0.0.1:1"
		add("x-forwarded-for", text+",203.0.113.9")
	case s.Source == sourceHeader && r.From.IsValid() && r.Wrapped == bare:
		w.SourceAddress = "10.0.0.1:1"
		add("x-real-ip", text)
	case !r.From.IsValid():
		w.SourceAddress = text
	default:
		// What a client says of itself is no address of its.
		w.SourceAddress = netip.AddrPortFrom(netip.MustParseAddr(text), 4000).String()
		add("x-forwarded-for", "203.0.113.9")
		add("x-real-ip", "203.0.113.9")
	}
}

func (r *Request) address() string {
	if !r.From.IsValid() {
		return "pipe"
	}
	if r.From.Is4() {
		b := r.From.As4()
		switch r.Wrapped {
		case mapped:
			return "::ffff:" + r.From.String()
		case nat64:
			return fmt.Sprintf("64:ff9b::%02x%02x:%02x%02x", b[0], b[1], b[2], b[3])
		}
	}
	return r.From.String()
}

func (r *Request) spelled() string {
	cut := strings.LastIndexByte(r.Path, '/')
	front, last := r.Path[:cut], r.Path[cut+1:]
	switch r.Dress {
	case upper:
		return strings.ToUpper(r.Path)
	case slash:
		return r.Path + "/"
	case encoded:
		return fmt.Sprintf("%s/%%%02x%s", front, last[0], last[1:])
	case dot:
		return front + "/./" + last
	case double:
		return front + "//" + last
	case parent:
		return "/zz/.." + r.Path
	case semicolon:
		return r.Path + ";v=1"
	}
	return r.Path
}

func (c Credential) header() (name, value string) {
	switch c.In {
	case "key":
		return "x-api-key", c.Secret
	case "cookie":
		return "cookie", "a=b; session=" + c.Secret
	case "basic":
		return "authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Secret))
	case "scheme":
		return "authorization", "Bearer"
	}
	return "authorization", "Bearer " + c.Secret
}

// Wire is the answer as it reaches the filter.
func (a *Answer) Wire() wasmhost.Response {
	w := wasmhost.Response{Status: a.Status, Details: a.Behind}
	add := func(name, value string) { w.Headers = append(w.Headers, [2]string{name, value}) }
	for _, line := range a.Headers {
		add(line[0], line[1])
	}
	if a.Type != "" {
		add("content-type", a.Type)
	}
	if own := a.Own; own != nil {
		add("ratelimit-policy", own.policy())
		add("ratelimit", own.standing())
		add("x-ratelimit-limit", fmt.Sprint(own.Limit))
		add("x-ratelimit-remaining", fmt.Sprint(own.Left))
		add("x-ratelimit-reset", fmt.Sprint(own.Reset))
	}
	if a.Zipped {
		add("content-encoding", "gzip")
	}
	if a.Body != "" {
		body := []byte(a.Body)
		w.Body = slices.Collect(slices.Chunk(body, max(1, min(len(body), a.size(body)))))
	}
	switch {
	case a.GRPC != "" && a.Late:
		w.Body = [][]byte{{0, 0, 0, 0, 0}}
		w.Trailers = [][2]string{{"grpc-status", a.GRPC}}
	case a.GRPC != "":
		add("grpc-status", a.GRPC)
	}
	return w
}

func (a *Answer) size(body []byte) int {
	if a.Chunk == 0 {
		return len(body)
	}
	return a.Chunk
}
