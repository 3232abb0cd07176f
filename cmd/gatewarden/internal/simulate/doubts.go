package simulate

import (
	"fmt"
	"slices"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/forecast"
	"github.com/gatewarden/gatewarden/config"
)

// doubts counts the requests of a surface about which a log does not tell enough.
type doubts struct {
	// credential: nobody knows whether a failure had one.
	credential int64
	// token: a 400 of a token endpoint, whose body would say more. Where the log
	// told why of any, it told of all.
	token, told int64
	// untold: an answer of which a header or the body would say more.
	untold int64
	// named are the failures of which the log tells what they presented, nameless the
	// others, where the same one counts once.
	named, nameless int64
	// refused by Gatewarden when the log was written.
	refused int64
	// nobody is named as the client, or as who is asking.
	nobody, unverified int64
	options            int64
	// unforwarded have no X-Forwarded-For, unnamed no other header that names the
	// client.
	unforwarded, unnamed int64
	// wholeSeconds, timeless and zoneless are of lines that have no fraction of a
	// second, no duration, no time zone.
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

// undecided returns how many answers may have been failures.
func (d *doubts) undecided() int64 {
	if d.told > 0 {
		return 0
	}
	return d.token + d.untold
}

// countFailure counts whether the log tells what a failure presented, where that matters.
func (d *doubts) countFailure(r *accesslog.Record, s *config.Surface) {
	switch {
	case !s.Lockout.CountOnce:
	case r.Guess != "", r.CredentialID != "" && !s.SignsInByBody():
		d.named++
	default:
		d.nameless++
	}
}

// tellsNoGuesses tells whether all failures count, though the same one shall count once.
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

// assumptions says what was not known, and what was assumed in its place.
func (v *variant) assumptions() []string {
	var out []string
	d := v.sum()
	about := func(n int64, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, forecast.Count(n)))
		}
	}
	about(d.credential, "%s failures: the log does not tell whether the request presented a credential, so each counts as if it did. "+
		"Clients that ask for a challenge first seem to fail once more than they do. A field \"credential\" tells.")
	if d.told > 0 {
		d.token, d.untold = 0, 0
	}
	about(d.token, "%s answers 400 of a token endpoint: the log does not have their bodies, so none counts as a wrong credential. A field \"failure\" tells.")
	about(d.untold, "%s answers of which a header or the body would tell more (failures_when): the log does not have it, so none counts as a wrong credential. A field \"failure\" tells.")
	about(d.nameless, "%s failures that could repeat another one (lockout.repeats): the log does not tell what they presented, so each counts. A field \"guess\" tells.")
	about(d.refused, "%s requests had been refused by Gatewarden when the log was written: they are attempts, but what the service would have said is not known, "+
		"so they count neither as failures nor as successes. A log that was written in shadow mode has no such gap.")
	about(d.nobody, "%s requests name no client: they share one counter, as they would in the filter.")
	about(d.wholeSeconds, "%s requests have times of whole seconds: those of one second are taken in the order of their lines, and a lockout may begin and end up to a second off.")
	about(d.timeless, "%s requests have no duration in the log: each counts as answered when it came. Of several at once, fewer seem to get through than would.")
	about(d.zoneless, "%s requests have times without a time zone, which were taken for UTC. --time-zone names theirs.")
	about(d.options, "%s OPTIONS requests were taken for a browser's preflights, which are never refused for failures.")
	if len(v.adapted.NamedHosts()) > 0 {
		about(v.unhosted, "%s requests have no host in the log, though entries list hosts: where several surfaces could own one, it counts as refused for its host. "+
			"--field authority=NAME names it.")
	}
	switch v.adapted.Client.Source {
	case config.SourceXFF, config.SourceXFFFirst:
		about(d.unforwarded, "%s requests have no X-Forwarded-For in the log, though client.source wants it: the client field was taken. --field forwarded=NAME names it.")
	case config.SourceHeader:
		about(d.unnamed, "%s requests do not have the header that client.source wants: the client field was taken. --field header:"+v.adapted.Client.Header+"=NAME names it.")
	}
	if v.adapted.identities {
		about(d.unverified, "%s requests name no identity, so quotas count them by address. Fields \"subject\", \"tenant\" and \"tier\" tell.")
	}
	for _, left := range v.leftOut() {
		out = append(out, "Left out, because the log does not have what it takes: "+left+".")
	}
	return out
}
