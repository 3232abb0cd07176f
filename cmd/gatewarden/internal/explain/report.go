// Package explain says what Gatewarden does with one request, and why. It runs the
// filter on it and puts into words what the filter says that it did.
package explain

import (
	"encoding/json"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/curl"
	"github.com/gatewarden/gatewarden/config"
)

// Request is a request as it reaches the filter.
type Request struct {
	HTTP curl.Request
	// From is the address that Envoy trusts, "" for one that is made up.
	From string
	// Metadata is what filters in front have left behind, by their names.
	Metadata map[string]any
	// Introspected is what an authorization server answers about the token; without
	// it, none answers.
	Introspected string
	// Rewrites are the options of Envoy's that change the path before the filter reads
	// it. They are not applied: Target is what the filter reads.
	Rewrites []string
}

// Answer is a response of the service.
type Answer struct {
	Status  int
	Headers [][2]string
	Body    []byte
}

// Question is what is to be explained.
type Question struct {
	Request Request
	// Answer is the service's response, nil if that is not asked.
	Answer *Answer
	// After is how many times the request failed before. Repeat is how many times it is
	// tried, to see when it is refused first.
	After, Repeat int
	// Wall is the time of day in milliseconds since 1970.
	Wall int64
}

// Report is the answer to a question. Places are those in the configuration.
type Report struct {
	Request    RequestPart    `json:"request"`
	Surface    SurfacePart    `json:"surface"`
	Client     ClientPart     `json:"client"`
	Credential CredentialPart `json:"credential"`
	Identity   *IdentityPart  `json:"identity,omitempty"`
	// Rules are in the order in which they are asked.
	Rules    []Rule        `json:"rules,omitempty"`
	Verdict  Verdict       `json:"verdict"`
	Response *ResponsePart `json:"response,omitempty"`
	Repeat   *RepeatPart   `json:"repeat,omitempty"`
	// Next says what to change if another result was wanted.
	Next []string `json:"next,omitempty"`
}

// RequestPart is how the request was understood.
type RequestPart struct {
	Method    string   `json:"method"`
	Overrides []string `json:"overrides,omitempty"`
	Path      string   `json:"path"`
	// Hosts are the readings of the host, if the configuration tells hosts apart.
	Hosts []string `json:"hosts,omitempty"`
	// Host says how it is read, in words.
	Host     string    `json:"host,omitempty"`
	Kind     string    `json:"kind,omitempty"`
	Readings []Reading `json:"readings"`
	// Removed are headers that the service does not see.
	Removed []string `json:"removed,omitempty"`
	// Note says what has to be known about the path.
	Note string `json:"note,omitempty"`
}

// Reading is a way to read the path, and where it leads.
type Reading struct {
	Path string `json:"path"`
	// Host is the reading of the host that this holds for, if it has several.
	Host    string `json:"host,omitempty"`
	Surface string `json:"surface,omitempty"`
	// Match is the place of what decided, an entry of a surface or of the exempt list.
	Match  string `json:"match,omitempty"`
	Exempt bool   `json:"exempt,omitempty"`
	// Later are entries that match, too, and came later.
	Later []string `json:"later,omitempty"`
}

// SurfacePart is the surface that owns the request.
type SurfacePart struct {
	Name  string `json:"name,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Place string `json:"place,omitempty"`
	Says  string `json:"says"`
	// Resource says where a 401 leads OAuth clients, if the configuration has resources.
	Resource string `json:"resource,omitempty"`
}

// ClientPart is the client of the request.
type ClientPart struct {
	Address string `json:"address,omitempty"`
	// Counted is the network that is counted as one client.
	Counted string   `json:"counted,omitempty"`
	Source  string   `json:"source"`
	Hops    []string `json:"hops,omitempty"`
	Allowed string   `json:"allowed,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// CredentialPart is what the request presents, without the secret.
type CredentialPart struct {
	Present bool     `json:"present"`
	Says    []string `json:"says"`
}

// IdentityPart is the verified caller.
type IdentityPart struct {
	Verified bool     `json:"verified"`
	Subject  string   `json:"subject,omitempty"`
	Tenant   string   `json:"tenant,omitempty"`
	Tier     string   `json:"tier,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Roles    []string `json:"roles,omitempty"`
	// Sources are what each source says.
	Sources []Rule `json:"sources,omitempty"`
}

// Rule is what one entry of the configuration has to say.
type Rule struct {
	Rule    string `json:"rule"`
	Place   string `json:"place"`
	Applies bool   `json:"applies"`
	Refuses bool   `json:"refuses,omitempty"`
	Says    string `json:"says"`
}

// Verdict is what becomes of the request.
type Verdict struct {
	Passes bool   `json:"passes"`
	Reason string `json:"reason,omitempty"`
	Says   string `json:"says"`
	// RetryAfter is in seconds.
	RetryAfter string `json:"retry_after,omitempty"`
	Reply      *Reply `json:"reply,omitempty"`
}

// Reply is what the client gets.
type Reply struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body,omitempty"`
}

// ResponsePart is what becomes of the service's response.
type ResponsePart struct {
	Status  int         `json:"status"`
	Says    []string    `json:"says"`
	Added   [][2]string `json:"added,omitempty"`
	Removed []string    `json:"removed,omitempty"`
	// Counted are the metrics that went up.
	Counted map[string]uint64 `json:"counted,omitempty"`
}

// RepeatPart is when the request is refused if it is made again and again.
type RepeatPart struct {
	Times int `json:"times"`
	// Refused is the number of the first one that is refused, 0 if none is.
	Refused    int    `json:"refused,omitempty"`
	Reason     string `json:"reason,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	Says       string `json:"says"`
}

// written is a configuration with what was written of it: the rest are defaults.
type written struct {
	*config.Config
	keys map[string]json.RawMessage
}

// Explain answers a question about a configuration that is valid. text is what it was
// read from.
func Explain(c *config.Config, text []byte, q *Question) *Report {
	w := &written{Config: c}
	_ = json.Unmarshal(text, &w.keys) // it was read before; nothing in it is a default's place
	p := newRehearsal(c, q.Wall)
	counted, wrong := 0, w.failure(&q.Request)
	for range q.After {
		if o := p.do(&q.Request, wrong); failures(o.counted) > 0 {
			counted++
		}
	}
	o := p.do(&q.Request, q.Answer)
	r := w.report(&q.Request, &o)
	if q.After > 0 {
		r.Verdict.Says = after(q.After, counted) + " " + r.Verdict.Says
	}
	if q.Answer != nil {
		r.Response = w.response(q.Answer, &o)
	}
	if q.Repeat > 0 {
		r.Repeat = w.repeat(q)
	}
	r.Next = w.next(&o)
	return r
}

func (w *written) report(r *Request, o *outcome) *Report {
	v := &o.view
	report := &Report{
		Request: w.requestPart(r, o), Surface: w.surfacePart(o), Client: w.clientPart(r, v), Credential: credentialPart(v),
		Verdict: w.verdict(r, o),
	}
	if v.Surface >= 0 {
		report.Identity = w.identityPart(o)
		report.Rules = w.rules(o)
	}
	return report
}
