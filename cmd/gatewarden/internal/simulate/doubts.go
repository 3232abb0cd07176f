package simulate

import (
	"fmt"
	"slices"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/config"
)

// doubts counts the requests of a surface for which the log lacks something.
type doubts struct {
	// credential: the log does not say whether a failure had one.
	credential int64
	// token: a 400 of a token endpoint, whose body would say more. A log that gives the
	// reason for one gives it for all.
	token, told int64
	// untold: a response whose header or body would say more.
	untold int64
	// named are the failures whose guess the log names, nameless the others, on
	// surfaces where the same guess counts once.
	named, nameless int64
	// refused by Gatewarden when the log was written.
	refused int64
	// nobody has no client, unverified no identity.
	nobody, unverified int64
	options            int64
	// unforwarded have no X-Forwarded-For, unnamed no other header that names the
	// client.
	unforwarded, unnamed int64
	// wholeSeconds, timeless and zoneless count lines that lack a fraction of a
	// second, a duration, a time zone.
	wholeSeconds, timeless, zoneless int64
}

func (d *doubts) count(r *accesslog.Record, s *surface) {
	kind := s.config.Kind
	switch {
	case r.Refused:
		d.refused++
	case kind.IsResource() && r.Credential == accesslog.Unknown && outcomeOf(r, s.judge, true) == failing:
		d.credential++
	case r.Failure != "":
		d.told++
	case len(s.config.Lockout.TokenErrors) > 0 && r.Status == 400:
		d.token++
	case s.judge.IsUndecided(r.Status) && kind != config.KindOAuthToken:
		d.untold++
	}
	d.countTimes(r.Missing)
	if r.Client == "" {
		d.nobody++
	}
	if r.Method == "OPTIONS" && r.Credential != accesslog.Present {
		d.options++
	}
	if r.Subject == "" && r.Tenant == "" {
		d.unverified++
	}
	if r.Forwarded == "" {
		d.unforwarded++
	}
	if len(r.Headers) == 0 {
		d.unnamed++
	}
}

func (d *doubts) countTimes(m accesslog.Missing) {
	if m&accesslog.WholeSeconds != 0 {
		d.wholeSeconds++
	}
	if m&accesslog.NoDuration != 0 {
		d.timeless++
	}
	if m&accesslog.NoZone != 0 {
		d.zoneless++
	}
}

// undecided returns how many responses may have been failures.
func (d *doubts) undecided() int64 {
	if d.told > 0 {
		return 0
	}
	return d.token + d.untold
}

// countFailure counts whether the log names the guess of a failure, where that matters.
func (d *doubts) countFailure(r *accesslog.Record, s *config.Surface) {
	switch {
	case !s.Lockout.CountOnce:
	case r.Guess != "", r.CredentialID != "" && !s.SignsInByBody():
		d.named++
	default:
		d.nameless++
	}
}

// tellsNoGuesses tells whether each failure counts, although repeats is "once".
func (d *doubts) tellsNoGuesses() bool { return d.nameless > 0 && d.named == 0 }

// sum adds up the doubts of all surfaces.
func (v *variant) sum() (d doubts) {
	for i := range v.surfaces {
		more := &v.surfaces[i].doubts
		d.credential += more.credential
		d.token += more.token
		d.told += more.told
		d.untold += more.untold
		if !more.tellsNoGuesses() {
			d.nameless += more.nameless
		}
		d.refused += more.refused
		d.nobody += more.nobody
		d.unverified += more.unverified
		d.options += more.options
		d.unforwarded += more.unforwarded
		d.unnamed += more.unnamed
		d.wholeSeconds += more.wholeSeconds
		d.timeless += more.timeless
		d.zoneless += more.zoneless
	}
	return d
}

// leftOut returns the parts of the configuration that had no effect, by surface or alone.
func (v *variant) leftOut() []string {
	left := slices.Clone(v.adapted.left)
	for i := range v.surfaces {
		if s := &v.surfaces[i]; s.doubts.tellsNoGuesses() {
			left = append(left, s.config.Name+": repeats")
		}
	}
	slices.Sort(left)
	return left
}

// assumptions returns what the log does not say, and what was assumed instead.
func (v *variant) assumptions() []string {
	var out []string
	d := v.sum()
	about := func(n int64, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, forecast.Count(n)))
		}
	}
	about(d.credential, "%s failures: the log does not say whether the request had a credential, so each counts as if it had. "+
		"Clients that first ask for a challenge seem to fail once more than they do. A field \"credential\" would tell.")
	if d.told > 0 {
		d.token, d.untold = 0, 0
	}
	about(d.token, "%s responses of a token endpoint with status 400: the log does not have their bodies, so none counts as a wrong credential. A field \"failure\" would tell.")
	about(d.untold, "%s responses that may be failures by a header or the body (failures_when): the log has neither, so none counts as a wrong credential. A field \"failure\" would tell.")
	about(d.nameless, "%s failures that may repeat an earlier one (lockout.repeats): the log does not say what they presented, so each counts. A field \"guess\" would tell.")
	about(d.refused, "%s requests were refused by Gatewarden when the log was written: they are attempts, but the service's response is unknown, "+
		"so they count neither as failures nor as successes. A log written in shadow mode has no such gap.")
	about(d.nobody, "%s requests name no client: they share one counter, as they would in the filter.")
	about(d.wholeSeconds, "%s requests have times in whole seconds: those of one second are simulated in the order of their lines, and a lockout may begin and end up to a second off.")
	about(d.timeless, "%s requests have no duration in the log: each counts as answered when it arrived. Of parallel guesses, fewer seem to get through than would.")
	about(d.zoneless, "%s requests have times without a time zone, which were read as UTC. --time-zone names another.")
	about(d.options, "%s OPTIONS requests count as browsers' preflights, which are never refused for failures.")
	if len(v.adapted.NamedHosts()) > 0 {
		about(v.unhosted, "%s requests have no host in the log, though entries list hosts: one that could belong to several surfaces counts as refused for its host. "+
			"--field authority=NAME names the field.")
	}
	switch v.adapted.Client.Source {
	case config.SourceXFF, config.SourceXFFFirst:
		about(d.unforwarded, "%s requests have no X-Forwarded-For in the log, which client.source needs: the client field was used. --field forwarded=NAME names it.")
	case config.SourceHeader:
		about(d.unnamed, "%s requests do not have the header that client.source needs: the client field was used. --field header:"+v.adapted.Client.Header+"=NAME names it.")
	}
	about(v.uncalled, "%s requests of MCP name no method and no tool: they cost nothing and need nothing. Fields \"mcp_method\" and \"tool\" would tell.")
	about(v.unpriced, "%s calls of tools whose price depends on arguments, which no log has: each costs what it does without them. A field \"credits\" would tell.")
	if v.adapted.MCP != nil {
		about(int64(len(v.payers.list)), "%s callers of priced tools: a call with status 200 counts as paid, though a result with isError is not.")
	}
	if v.adapted.identities {
		about(d.unverified, "%s requests name no identity, so quotas count them by address. Fields \"subject\", \"tenant\" and \"tier\" would tell.")
	}
	for _, left := range v.leftOut() {
		out = append(out, "Left out, because the log lacks what it needs: "+left+".")
	}
	return out
}
