package config

import "strconv"

// validate reports what the fields, each right in itself, do wrong together.
func (d *draft) validate(out *violations) {
	checkClient(&d.Client, out)
	d.checkNames(out)
	for i := range d.Surfaces {
		checkOutcome(&d.Surfaces[i], i, out)
		checkLockout(&d.Surfaces[i], i, out)
		checkWide(&d.Surfaces[i].Lockout, &d.Client, i, out)
	}
	d.checkReachable(out)
	d.checkQuotas(out)
	d.checkIdentity(out)
	d.checkUntrusted(out)
	for i := range d.Surfaces {
		d.checkRequire(i, out)
	}
	d.checkConcurrency(out)
	d.checkBypass(out)
	if d.OAuth != nil {
		checkScopes(d.OAuth, out)
	}
}

// checkNames keeps surfaces apart, in the environment too.
func (d *draft) checkNames(out *violations) {
	for i, s := range d.Surfaces {
		for j := 0; j < i && s.Name != ""; j++ {
			other := d.Surfaces[j].Name
			where := " of " + surfacePath(j, "")
			switch {
			case other == s.Name:
				out.add(surfacePath(i, "name"), strconv.Quote(s.Name)+" is the name"+where+"; choose another")
			case environmentName(other) == environmentName(s.Name):
				out.add(surfacePath(i, "name"), strconv.Quote(s.Name)+" and the name "+strconv.Quote(other)+where+
					" are both "+environmentName(s.Name)+" in the environment; choose another")
			default:
				continue
			}
			break
		}
	}
}

// checkWide refuses a wide network that is no wider than a client.
func checkWide(l *Lockout, c *Client, i int, out *violations) {
	if l.Wide.Failures == 0 {
		return
	}
	if l.Wide.IPv4Prefix >= c.IPv4Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv4_prefix"), "is not shorter than client.ipv4_prefix, which is "+
			strconv.Itoa(c.IPv4Prefix)+"; write a smaller number")
	}
	if l.Wide.IPv6Prefix >= c.IPv6Prefix {
		out.add(surfacePath(i, "lockout.wide.ipv6_prefix"), "is not shorter than client.ipv6_prefix, which is "+
			strconv.Itoa(c.IPv6Prefix)+"; write a smaller number")
	}
}

func checkClient(c *Client, out *violations) {
	if c.Source == SourceHeader && len(c.TrustedProxies) == 0 {
		out.add("client.trusted_proxies", "is empty, so that anyone could send "+c.Header+
			"; list the proxies that set it")
	}
}

func checkOutcome(s *Surface, i int, out *violations) {
	if s.Kind.authorizes() && s.Lockout.CountAnonymous {
		out.add(surfacePath(i, "lockout.count_anonymous"),
			"is for the kinds api and mcp; remove it: this kind counts every failure")
	}
}

// authorizes tells whether clients come to the surface to get a credential.
func (k Kind) authorizes() bool { return k == KindOAuthToken || k == KindOAuthConsent }

func checkLockout(s *Surface, i int, out *violations) {
	l := &s.Lockout
	if s.Kind.authorizes() && l.ResetOnSuccess {
		out.add(surfacePath(i, "lockout.reset_on_success"),
			"is for the kinds api and mcp; remove it: what is guessed here stands in the body, so a client's own success would clear its guesses at others")
	}
	if s.Kind.authorizes() && l.KnownGood.For > 0 {
		out.add(surfacePath(i, "lockout.known_good"),
			"is for the kinds api and mcp; remove it: the credential stands in the body here, so that a good one is not known")
	}
	first, what := firstLockout(l)
	if longest := l.Escalate.Max; longest > 0 && longest < first {
		out.add(surfacePath(i, "lockout.escalate.max"), strconv.Quote(formatDuration(longest))+
			" is shorter than the first lockout, which is the "+what+" of "+strconv.Quote(formatDuration(first))+
			"; write a longer max")
	}
}

// firstLockout is how long the first lockout can last and which field says so:
// the duration or, without one, the longest window until whose end it lasts.
func firstLockout(l *Lockout) (length int64, field string) {
	switch {
	case l.Duration != 0: // or it could not be read
		return l.Duration, "duration"
	case l.Stuffing.Lock && l.Stuffing.Window > l.Window:
		return l.Stuffing.Window, "stuffing.window"
	}
	return l.Window, "window"
}

func checkScopes(o *OAuth, out *violations) {
	if len(o.ScopesSupported) == 0 || indexOf(o.ScopesSupported, "") >= 0 {
		return
	}
	for i, s := range o.ChallengeScope {
		if s != "" && indexOf(o.ScopesSupported, s) < 0 {
			out.add("oauth.challenge_scope["+strconv.Itoa(i)+"]",
				quote(s)+" is not in scopes_supported; add it there or remove it here")
		}
	}
}

// surfacePath is the path of a key below the i-th surface, or of itself.
func surfacePath(i int, key string) string { return elementPath("surfaces", i, key) }
