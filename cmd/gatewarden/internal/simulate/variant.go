package simulate

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/example"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/replay"
	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter"
	"github.com/gatewarden/gatewarden/filter/credential"
	judge "github.com/gatewarden/gatewarden/filter/outcome"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/route"
	"github.com/gatewarden/gatewarden/table"
)

// variant is one configuration and what comes of it. It is used by one goroutine at
// a time.
type variant struct {
	name    string
	adapted adaptation
	host    *replay.Host
	filter  *filter.Filter
	// credential reads the credentials of requests.
	credential *credential.Reader

	surfaces []surface
	byName   map[string]int
	flights  []flight
	idle     []*filter.Stream
	ticked   int64
	heard    heard

	unguarded, malformed int64
	// router is nil if it does not matter what requests call.
	router *route.Router
	// uncalled are the requests of which the log does not say what they call, unpriced the
	// calls whose price depends on what it does not say.
	uncalled, unpriced int64
	payers             payers
	// unhosted are the requests without a host in the log.
	unhosted int64
	networks int64
	clients  *clients
}

// surface is what comes of one.
type surface struct {
	config *config.Surface
	// judge says which of its answers are failures.
	judge  *judge.Rule
	sums   forecast.Sums
	series series
	doubts doubts
}

// flight is a request that is under way.
type flight struct {
	stream  *filter.Stream
	client  netip.Prefix
	surface int
}

// heard is what the filter's lines said during a callback.
type heard struct {
	failed, repeated bool
	failures, locked int64
	shadow           string
}

// seed hashes the keys of every variant. It need not be secret, and makes simulations
// repeatable.
var seed = table.Seed{'g', 'a', 't', 'e', 'w', 'a', 'r', 'd', 'e', 'n'}

// newVariant makes a configuration ready for requests from a time on.
func newVariant(name string, a adaptation, from int64) *variant {
	v := &variant{
		name: name, adapted: a, host: replay.NewHost(), byName: map[string]int{}, clients: newClients(),
		surfaces: make([]surface, len(a.Surfaces)), ticked: from,
	}
	v.filter, v.credential = filter.New(a.Config, v.host, seed), credential.New(&a.Credentials)
	v.host.Log = v.hear
	if a.MCP != nil {
		v.router = route.New(a.Config)
	}
	judges := judge.New(a.Config, v.host)
	for i := range a.Surfaces {
		v.surfaces[i].config, v.surfaces[i].judge = &a.Surfaces[i], judges.Rule(i)
		v.surfaces[i].sums.Reasons = map[string]int64{}
		v.surfaces[i].series = newSeries(from)
		v.byName[a.Surfaces[i].Name] = i
	}
	return v
}

// play plays events in their order.
func (v *variant) play(events []event) {
	for i := range events {
		e := &events[i]
		v.tick(e.at)
		v.host.Clock, v.host.Wall = e.at, e.at
		if int(e.flight) >= len(v.flights) {
			v.flights = append(v.flights, make([]flight, int(e.flight)+1-len(v.flights))...)
		}
		if e.answer {
			v.answer(&v.flights[e.flight], e)
		} else {
			v.request(&v.flights[e.flight], e)
		}
	}
}

// tick does what the plugin's timer does, so that requests in flight are not
// forgotten.
func (v *variant) tick(now int64) {
	const enough = 60 * filter.TickPeriod // nothing is in flight for longer
	v.ticked = max(v.ticked, now-enough)
	for now-v.ticked >= filter.TickPeriod {
		v.ticked += filter.TickPeriod
		v.host.Clock, v.host.Wall = v.ticked, v.ticked
		v.filter.Tick()
	}
}

// request lets the filter decide about a request.
func (v *variant) request(f *flight, e *event) {
	v.heard = heard{}
	s := v.newStream()
	v.describe(e.record)
	if e.record.Authority == "" {
		v.unhosted++
	}
	v.ask(s, e.record)
	view := s.View()
	index, guarded := v.byName[view.Surface]
	if !guarded {
		if v.host.Replied != nil {
			v.malformed++
		} else {
			v.unguarded++
		}
		v.leave(f, s)
		return
	}
	*f = flight{stream: s, client: view.Client.Prefix, surface: index}
	v.surfaces[index].count(e)
	reason := v.heard.shadow
	if v.host.Replied != nil {
		reason = v.host.Reason
	}
	if reason != "" {
		v.refuse(f, e, reason)
	}
	if refused := v.host.Replied != nil; view.Cost > 0 && (!refused || v.host.Replied.Status == 402) {
		v.payers.count(e.record, clientName(f.client), int64(view.Cost), e.at, refused)
	}
	v.follow(f, e)
	if v.host.Replied != nil {
		v.leave(f, s)
	}
}

// ask shows the filter a request.
func (v *variant) ask(s *filter.Stream, r *accesslog.Record) {
	reads := v.readsCalls()
	switch {
	case !reads:
		s.RequestHeaders(false)
	case !r.CallsMCP():
		if r.Method == "POST" {
			v.uncalled++
		}
		s.RequestHeaders(true)
	default:
		v.describeCall(r)
		s.RequestHeaders(false)
		if v.host.Replied == nil {
			s.RequestBody(len(v.host.Body), true)
		}
		if r.Guess != "" {
			return // it is that of the credential
		}
	}
	v.nameGuess(s, r)
}

// nameGuess tells the filter what a request presents. If the body signs in, the log's name
// of the guess replaces the body. Guesses that the log does not name are all different.
func (v *variant) nameGuess(s *filter.Stream, r *accesslog.Record) {
	switch {
	case r.Guess != "":
		s.RequestBody(len(v.host.Body), true)
	case r.CredentialID == "":
		s.ForgetGuess()
	}
}

// answer lets the filter see what the service said.
func (v *variant) answer(f *flight, e *event) {
	s := f.stream
	if s == nil {
		return
	}
	v.heard = heard{}
	v.host.Next()
	if r := e.record; !r.Refused && r.Status != 0 {
		v.respond(s, r, &v.surfaces[f.surface].config.Lockout)
		v.follow(f, e)
		if outcomeOf(r, v.surfaces[f.surface].judge, v.presents(r)) == succeeding {
			v.clients.succeeded(f.client)
		}
	}
	v.leave(f, s)
}

// follow counts what the filter's lines said.
func (v *variant) follow(f *flight, e *event) {
	if !v.heard.failed && !v.heard.repeated {
		return
	}
	s := &v.surfaces[f.surface]
	s.doubts.countFailure(e.record, s.config)
	assumed := v.assumes(e.record, s.config)
	s.sums.Assumed += assumed
	if v.heard.repeated {
		s.sums.Repeated++
		return
	}
	s.sums.Failures++
	s.series.at(e.at).failures++
	if v.heard.locked == 0 {
		if row := v.clients.known(f.client, f.surface); row != nil {
			row.Failures++
			row.Assumed += assumed
		}
		return
	}
	s.sums.Lockouts++
	v.clients.locked.add(v.clients.hash(f.client))
	if row := v.clients.row(f.client, f.surface, s.config.Name, e.at); row != nil {
		row.Failures++
		row.Assumed += assumed
		row.lock(e.at, v.heard.locked, v.heard.failures, assumed)
	}
}

// refuse counts a refusal.
func (v *variant) refuse(f *flight, e *event, reason string) {
	s := &v.surfaces[f.surface]
	what := outcomeOf(e.record, s.judge, v.presents(e.record))
	s.sums.Refused++
	s.sums.Reasons[reason]++
	s.series.at(e.at).refused++
	row := v.clients.row(f.client, f.surface, s.config.Name, e.at)
	if row == nil {
		row = &clientRow{} // the list is full
	}
	row.Refused++
	switch what {
	case failing:
		s.sums.Stopped++
		row.Stopped++
		if v.host.Replied != nil { // else its answer is counted
			assumed := v.assumes(e.record, s.config)
			s.sums.Assumed += assumed
			row.Assumed += assumed
		}
	case succeeding:
		s.sums.Lost++
		row.Lost++
		v.clients.hurt.add(v.clients.hash(f.client))
	case unclear:
		s.sums.Unclear++
	default:
		s.sums.Others++
	}
}

func (s *surface) count(e *event) {
	s.sums.Requests++
	s.series.at(e.at).requests++
	s.doubts.count(e.record, s)
}

// presents tells whether a request presented a credential, as far as the log tells.
func (v *variant) presents(r *accesslog.Record) bool {
	return r.Credential != accesslog.Absent || v.credential.Presents([]proxy.Header{{Name: ":path", Value: r.Path}})
}

// assumes returns 1 for a failure that counts only if the request had a credential, which
// the log does not say.
func (v *variant) assumes(r *accesslog.Record, s *config.Surface) int64 {
	if r.Credential != accesslog.Unknown || r.CredentialID+r.Guess+r.Failure != "" || !s.Kind.IsResource() || s.Lockout.CountAnonymous ||
		v.credential.Presents([]proxy.Header{{Name: ":path", Value: r.Path}}) {
		return 0
	}
	return 1
}

// describe puts a request before the filter.
func (v *variant) describe(r *accesslog.Record) {
	h := v.host
	h.Next()
	h.Address = r.Client
	add := func(name, value string) {
		if value != "" {
			h.Request = append(h.Request, proxy.Header{Name: name, Value: value})
		}
	}
	add(":method", r.Method)
	add(":path", pathOf(r))
	add(":authority", r.Authority)
	add("x-forwarded-for", r.Forwarded)
	h.Body = []byte(r.Guess)
	switch {
	case r.Method == "OPTIONS" && r.Credential != accesslog.Present:
		add("origin", "null")
		add("access-control-request-method", "GET")
	case r.CredentialID != "":
		add("authorization", "Bearer "+r.CredentialID)
	case r.Guess != "" && v.presents(r):
		add("authorization", "Bearer "+r.Guess)
	case r.Credential != accesslog.Absent:
		add("authorization", "Bearer simulated")
	}
	if grpcOf(r) != accesslog.NoGRPC {
		add("content-type", "application/grpc")
	}
	if v.adapted.identities && (r.Subject != "" || r.Tenant != "") {
		subject := r.Subject
		if subject == "" {
			subject = r.Tenant
		}
		add(subjectHeader, subject)
		add(tenantHeader, r.Tenant)
		add(tierHeader, r.Tier)
		add(scopesHeader, r.Scopes)
	}
	h.Request = append(h.Request, r.Headers...)
}

// pathOf is the path without the query if the log names the guess, which the query is a
// part of.
func pathOf(r *accesslog.Record) string {
	if r.Guess == "" {
		return r.Path
	}
	path, _, _ := strings.Cut(r.Path, "?")
	return path
}

// respond makes the service answer as it did, as far as the log tells.
func (v *variant) respond(s *filter.Stream, r *accesslog.Record, l *config.Lockout) {
	h := v.host
	h.Response = append(h.Response, proxy.Header{Name: ":status", Value: statusText(r.Status)})
	grpc := grpcOf(r)
	if grpc != accesslog.NoGRPC {
		h.Response = append(h.Response, proxy.Header{Name: "grpc-status", Value: strconv.Itoa(grpc)})
	}
	h.Answer = nil
	switch {
	case grpc != accesslog.NoGRPC: // its status tells
	case r.Failure != "":
		e, _ := example.Failure(l, r.Status, r.Failure)
		for _, header := range e.Headers {
			h.Response = append(h.Response, proxy.Header{Name: header[0], Value: header[1]})
		}
		h.Answer = e.Body
	case l.ReadsBody():
		h.Answer = []byte("{}") // which was no failure
	}
	s.ResponseHeaders(len(h.Answer) == 0)
	if len(h.Answer) > 0 {
		s.ResponseBody(len(h.Answer), true)
	}
}

// grpcOf returns the gRPC status of a call. Those of gRPC-Web and Connect have it in the
// body of the response, where the filter alone sees it.
func grpcOf(r *accesslog.Record) int {
	if r.GRPC == accesslog.NoGRPC && r.Status == 200 && (r.Failure == "grpc_status_16" || r.Failure == "unauthenticated") {
		return 16
	}
	return r.GRPC
}

// statusText does not make a new string for each of the usual ones.
func statusText(status int) string {
	switch status {
	case 200:
		return "200"
	case 401:
		return "401"
	}
	return strconv.Itoa(status)
}

func (v *variant) newStream() *filter.Stream {
	if last := len(v.idle) - 1; last >= 0 {
		s := v.idle[last]
		v.idle = v.idle[:last]
		return s
	}
	return v.filter.NewStream()
}

// leave ends a stream.
func (v *variant) leave(f *flight, s *filter.Stream) {
	s.Done()
	s.Reset()
	v.idle = append(v.idle, s)
	*f = flight{}
}

// hear reads a line that the filter writes about a decision.
// See docs/configuration.md for what they look like.
func (v *variant) hear(line string) {
	line = strings.TrimPrefix(line, "gatewarden: ")
	switch {
	case strings.HasPrefix(line, "failure "), strings.HasPrefix(line, "uncounted failure "):
		v.heard.failed = true
		v.heard.failures, v.heard.locked = number(line, " failures="), number(line, " locked_for=")
	case strings.HasPrefix(line, "repeated failure "):
		v.heard.repeated = true
	case strings.HasPrefix(line, "shadow refusal "):
		v.heard.shadow = word(line, " reason=")
	case strings.HasPrefix(line, "network lockout "):
		v.networks++
	}
}

// word is what stands behind a name in a line.
func word(line, name string) string {
	_, rest, _ := strings.Cut(line, name)
	rest, _, _ = strings.Cut(rest, " ")
	return rest
}

func number(line, name string) int64 {
	n, err := strconv.ParseInt(word(line, name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
