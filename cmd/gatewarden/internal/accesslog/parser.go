package accesslog

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// Parser reads lines. It may be used by several goroutines at once.
type Parser struct {
	Fields *Fields
	// Hops is the number of trusted proxies in front of Envoy: its
	// xff_num_trusted_hops. It matters if a line has only X-Forwarded-For.
	Hops int
	// Zone is that of times without one, UTC where it is nil.
	Zone *time.Location
}

// parse reads one line. problem says why one is unreadable.
func (p *Parser) parse(line string, r *Record) (is verdict, problem string) {
	whole := strings.TrimRight(line, " \t\r")
	line = unwrap(whole)
	before := len(whole) - len(line)
	var v values
	switch {
	case line == "":
		return isOther, ""
	case line[0] == '{':
		if !p.Fields.readJSON(line, &v) {
			return isUnreadable, brokenJSON(line, before)
		}
		if v.isMessage() {
			return isOther, ""
		}
		if v.rank[fieldMethod]+v.rank[fieldPath] > 0 {
			v.rank[fieldRequest] = 0 // then it is something else
		}
	case isApplicationLog(line):
		return isOther, ""
	case line[0] == '[' && strings.Contains(line, `] "`) && !isErrorLog(line):
		if problem = readText(line, &v); problem != "" {
			return isUnreadable, problem
		}
	default:
		if is, problem = readForeign(line, before, &v); is != isRecord {
			return is, problem
		}
	}
	return p.record(&v, r)
}

// unwrap takes away what the container runtimes of Kubernetes write in front of a
// line that they keep.
// See https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
func unwrap(line string) string {
	if line == "" || line[0] < '0' || line[0] > '9' {
		return line
	}
	for _, mark := range [...]string{" stdout F ", " stderr F "} {
		if i := strings.Index(line, mark); i > 0 && i < len("2006-01-02T15:04:05.000000000-07:00")+1 {
			return line[i+len(mark):]
		}
	}
	return line
}

// isApplicationLog tells the lines that Envoy and Istio's agent write about
// themselves: [2026-11-22 22:51:43.976][1][warning] and 2026-11-22T22:51:43Z<tab>info.
func isApplicationLog(line string) bool {
	if len(line) > 24 && line[0] == '[' && line[11] == ' ' && line[24] == ']' {
		return true
	}
	i := strings.IndexByte(line, '\t')
	return i > 0 && line[i-1] == 'Z' && line[0] >= '0' && line[0] <= '9'
}

// record makes a record of what a line says.
func (p *Parser) record(v *values, r *Record) (is verdict, problem string) {
	if v.rank[fieldRequest] > 0 {
		v.setRequest(v.text[fieldRequest], unescapeBackslash)
	}
	*r = Record{
		Missing: v.missing,
		Client:  v.told(fieldClient), Forwarded: v.told(fieldForwarded),
		Method: v.told(fieldMethod), Path: v.told(fieldPath), Authority: v.told(fieldAuthority),
		GRPC: grpcStatus(v.told(fieldGRPC)), CredentialID: v.told(fieldCredentialID), Failure: v.told(fieldFailure), Guess: v.told(fieldGuess),
		Subject: v.told(fieldSubject), Tenant: v.told(fieldTenant), Tier: v.told(fieldTier),
		Scopes: v.told(fieldScopes), ScopesKnown: v.rank[fieldScopes] > 0,
		Call: v.told(fieldCall), Tool: v.told(fieldTool), Credits: credits(v.told(fieldCredits)),
	}
	if problem = v.readTimes(r); problem != "" {
		return isUnreadable, problem
	}
	if p.Zone != nil && r.Missing&NoZone != 0 {
		r.moveTo(p.Zone)
	}
	var ok bool
	if r.Status, ok = status(v.told(fieldStatus)); !ok || v.rank[fieldStatus] == 0 {
		return isUnreadable, unclear("status", v.told(fieldStatus), "--field status=NAME names the one that has it")
	}
	if r.Method == "" || r.Path == "" {
		if v.rank[fieldMethod] == 0 && v.rank[fieldPath] == 0 && r.Status != 0 && r.Status < 400 {
			return isUnreadable, "it has no method and no path; --field method=NAME and path=NAME name those that have them"
		}
		return isNoRequest, ""
	}
	if strings.IndexByte(r.Client, ',') >= 0 { // Traefik has X-Forwarded-For there
		r.Client, r.Forwarded = "", r.Client
	}
	if r.Client == "" {
		r.Client = hop(r.Forwarded, p.Hops)
	}
	r.Credential = presence(v.text[fieldCredential], v.rank[fieldCredential] > 0)
	r.Refused = isRefusal(v.told(fieldDetails), v.told(fieldReason))
	for i, name := range p.Fields.headers {
		if value := v.told(fieldHeaders + field(i)); value != "" {
			r.Headers = append(r.Headers, proxy.Header{Name: name, Value: value})
		}
	}
	return isRecord, ""
}

// isRefusal tells whether Gatewarden refused a request because of a limit. That a
// credential was not let in does not depend on one.
func isRefusal(details, reason string) bool {
	const mark, denied = "gatewarden_", "auth_denied"
	if of, is := strings.CutPrefix(details, mark); is {
		return of != denied
	}
	return reason != "" && reason != denied
}

// credits reads what calls cost, -1 if it is no whole number.
func credits(text string) int64 {
	if text == "" {
		return -1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > mostCredits {
		return -1
	}
	return n
}

const mostCredits = 1_000_000_000

func unclear(what, text, remedy string) string {
	if text == "" {
		return "it has no " + what + "; " + remedy
	}
	return "its " + what + " is " + quote(text) + "; " + remedy
}

// quote returns untrusted text in quotes.
func quote(text string) string {
	const most = 40
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strconv.QuoteToASCII(text)
}

// status reads a status code. Envoy writes 0, or nothing, where it answered nothing.
func status(text string) (code int, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n <= 999
}

const monthInMilliseconds = 30 * 24 * 3600 * 1000

// milliseconds reads a length of time, 0 if there is none.
func milliseconds(text string) int64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return inMilliseconds(text, 1)
	}
	return max(0, min(n, monthInMilliseconds))
}

// inMilliseconds reads a length of time in a unit of that many milliseconds.
func inMilliseconds(text string, unit float64) int64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) {
		return 0
	}
	return int64(math.Round(max(0, min(f*unit, monthInMilliseconds))*1e6) / 1e6)
}

func presence(text string, told bool) Presence {
	switch {
	case !told:
		return Unknown
	case len(text) > len("false"):
		return Present
	}
	switch strings.ToLower(text) {
	case "false", "no", "0", "none", "-", "":
		return Absent
	}
	return Present
}

// hop is the client in X-Forwarded-For as Envoy sees it behind a number of trusted
// proxies. With use_remote_address Envoy has appended the peer by the time that it
// logs, so that the count is the same with and without.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/headers#x-forwarded-for
func hop(forwarded string, hops int) string {
	last := forwarded
	for rest := forwarded; ; hops-- {
		i := strings.LastIndexByte(rest, ',')
		if hops == 0 {
			return strings.TrimSpace(rest[i+1:])
		}
		if i < 0 {
			// With fewer entries than proxies, Envoy falls back to the peer.
			return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		}
		rest = rest[:i]
	}
}
