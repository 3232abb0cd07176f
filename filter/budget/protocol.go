package budget

import (
	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/text"
)

// verb is an operation of the service.
type verb uint8

const (
	reserve verb = iota
	commit
	refund
	verbs
)

var verbNames = [verbs]string{"reserve", "commit", "refund"}

// outcome is what became of an operation.
type outcome uint8

const (
	confirmed outcome = iota
	exceeded          // there is not enough
	conflict          // the reservation is not in a state for it
	failed            // no answer, or one that says nothing
	skipped           // the service was not asked
	lost              // it was not confirmed within the lifetime
	outcomes
)

var outcomeNames = [outcomes]string{"ok", "exceeded", "conflict", "error", "skipped", "lost"}

// possible are the bits of the outcomes that each operation can have.
var possible = [verbs]uint8{
	reserve: 1<<confirmed | 1<<exceeded | 1<<conflict | 1<<failed | 1<<skipped,
	commit:  1<<confirmed | 1<<conflict | 1<<failed | 1<<lost,
	refund:  1<<confirmed | 1<<conflict | 1<<failed | 1<<lost,
}

// Where :method and :path are among the headers of a request.
const (
	methodAt = iota
	pathAt
)

// headersOf returns the headers of all requests to the service.
func headersOf(c *config.QuotaService) []proxy.Header {
	return []proxy.Header{
		methodAt: {Name: ":method"}, pathAt: {Name: ":path"},
		{Name: ":scheme", Value: c.Scheme}, {Name: ":authority", Value: c.Authority},
		{Name: "content-type", Value: "application/json"}, {Name: "accept", Value: "application/json"},
		{Name: caller.Authorization, Value: "Bearer " + c.Token},
	}
}

// callFor returns the request for what is to be done with a reservation.
func (r *Room) callFor(v *reservation) *proxy.Call {
	c, method := r.config, "POST"
	path := c.Path + "/reservations/" + string(v.key.AppendHex(nil))
	var body []byte
	switch v.verb {
	case reserve:
		method, body = "PUT", v.body
	case commit:
		path += "/commit"
		body = []byte(text.Join(`{"credits":`, text.Int(int64(v.spent)), "}"))
	case refund:
		path += "/refund"
		body = []byte("{}")
	}
	headers := append([]proxy.Header(nil), r.headers...)
	headers[methodAt].Value, headers[pathAt].Value = method, path
	return &proxy.Call{Cluster: c.Cluster, Headers: headers, Body: body, Timeout: c.Timeout}
}

// bodyOf returns the request to reserve credits for a caller. appendCalls appends the calls
// as a JSON list.
func (u *Rule) bodyOf(credits uint32, id *caller.Identity, appendCalls func(*text.Buffer)) []byte {
	b := &text.Buffer{}
	b.Add(`{"credits":`)
	b.AddInt(int64(credits))
	b.Add(`,"lifetime_seconds":`)
	b.AddInt(u.room.config.Lifetime / 1000)
	b.Add(`,"payer":{"tenant":`)
	b.AddJSON(id.Tenant)
	b.Add(`,"subject":`)
	b.AddJSON(id.Subject)
	if id.Tier != "" {
		b.Add(`,"tier":`)
		b.AddJSON(id.Tier)
	}
	b.Add(`},"surface":`)
	b.AddJSON(u.surface)
	b.Add(`,"calls":`)
	appendCalls(b)
	b.Add("}")
	return *b
}

// balance is what the service tells of a budget.
type balance struct {
	left, limit           uint32
	knowsLeft, knowsLimit bool
	seconds               int64 // until there is more, or enough; 0 if that is not told
}

const (
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 16 << 10
	// maxSeconds is the longest time that a client is told to wait: 31 days.
	maxSeconds = 31 * 24 * 60 * 60
)

// read reads the answer to an operation. again tells that it may have a better one later.
func (r *Room) read(v verb, size int) (o outcome, b balance, again bool) {
	status := r.ports.AnswerStatus()
	switch {
	case status == "200" || status == "402" && v == reserve:
	case status == "409" || status == "404" && v == commit:
		return conflict, balance{}, false
	default:
		r.report(v, "status_"+status)
		return failed, balance{}, len(status) != 3 || status[0] == '5' || status == "408" || status == "429"
	}
	if size > maxAnswer {
		r.report(v, "too_long")
		return failed, balance{}, true
	}
	body := r.ports.AnswerBody(size)
	answer := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !answer.IsObject() {
		r.report(v, "malformed")
		return failed, balance{}, true
	}
	if b.read(answer); status == "402" {
		return exceeded, b, false
	}
	return confirmed, b, false
}

// read reads the members of an answer. gjson's Get would bring its whole query language into
// the filter, 300 kB of it.
func (b *balance) read(answer gjson.Result) {
	answer.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "left":
			b.left, b.knowsLeft = number(value)
		case "limit":
			b.limit, b.knowsLimit = number(value)
		case "retry_after_seconds", "reset_seconds":
			seconds, _ := number(value)
			b.seconds = min(int64(seconds), maxSeconds)
		}
		return true
	})
}

func number(v gjson.Result) (n uint32, ok bool) {
	if v.Type != gjson.Number || v.Num < 0 || v.Num > 1<<32-1 {
		return 0, false
	}
	return uint32(v.Num), true
}
