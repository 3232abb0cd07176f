package config

import (
	"net/netip"
	"strconv"
)

// Warnings tells what is valid but dangerous, each with its path and remedy.
func (c *Config) Warnings() []string {
	if c.Admin != nil {
		return nil // it guards nothing, so that nothing in it can fail to
	}
	var list []string
	warn := func(path, message string) { list = append(list, path+": "+message) }
	c.Client.warn(warn)
	c.Credentials.warn(warn)
	for i := range c.Surfaces {
		l := &c.Surfaces[i].Lockout
		l.warnKeys(i, warn)
		if !l.off() {
			l.warnDuration(i, warn)
			l.warnStuffing(i, warn)
		}
	}
	c.warnUnguarded(warn)
	c.warnShadows(warn)
	c.warnQuotas(warn)
	return list
}

func (c *Credentials) warn(warn func(path, message string)) {
	if len(c.Headers)+len(c.Cookies) == 0 {
		warn("credentials", "names nothing, so that no request carries a credential and surfaces of kind api "+
			"and mcp count no failure; name the header or cookie that the service reads")
	}
}

func (l *Lockout) warnKeys(i int, warn func(path, message string)) {
	for j, k := range l.Keys {
		if k.Lock && !k.Client {
			warn(surfacePath(i, "lockout.keys["+strconv.Itoa(j)+"].action"), "locks an account or credential for "+
				`everybody, so that anybody can lock its owner out; use "slow", or add "client" to per`)
		}
	}
}

// off tells that the rule is as if it were not there.
func (l *Lockout) off() bool { return l.Mode == ModeOff || l.Failures == 0 }

func (l *Lockout) warnDuration(i int, warn func(path, message string)) {
	if l.Duration > 0 && l.Duration < l.Window {
		warn(surfacePath(i, "lockout.duration"), "is shorter than the window, so that a client is free again "+
			"before its failures are forgotten; write at least the window, or leave it out")
	}
}

func (l *Lockout) warnStuffing(i int, warn func(path, message string)) {
	if st := l.Stuffing; st.Lock && st.Credentials >= l.Failures && st.Window <= l.Window {
		warn(surfacePath(i, "lockout.stuffing.credentials"), "is not less than the failures that lock out anyway, "+
			"so that it never comes first; write fewer credentials, or a longer window")
	}
}

// warnUnguarded tells of surfaces without any lockout. An instance that does
// something else may leave the counting to another.
func (c *Config) warnUnguarded(warn func(path, message string)) {
	if len(c.Surfaces) == 0 || len(c.Identity)+len(c.Quotas)+len(c.Concurrency) > 0 {
		return
	}
	for i := range c.Surfaces {
		if !c.Surfaces[i].Lockout.off() {
			return
		}
	}
	warn("surfaces", "have all their lockouts switched off; remove mode off, or failures 0, from those to guard")
}

func (c *Client) warn(warn func(path, message string)) {
	if c.Source == SourceXFFFirst {
		warn("client.source", "xff-first lets clients choose their address unless a proxy in front overwrites "+
			`X-Forwarded-For; use "xff" with trusted_proxies`)
	}
	if (c.Source == SourceXFF || c.Source == SourceHeader) && hasEverything(c.TrustedProxies) {
		warn("client.trusted_proxies", "trusts every address, so that clients choose their own; list your proxies only")
	}
	if c.IPv6Prefix > 64 {
		warn("client.ipv6_prefix", "is above 64, so that one network of a single customer is a supply of fresh "+
			"clients; use 64")
	}
	if hasEverything(c.Allow) {
		warn("client.allow", "holds every address, and nobody on it is ever locked out; list single networks only")
	}
}

func hasEverything(list []netip.Prefix) bool {
	for _, p := range list {
		if p.Bits() == 0 {
			return true
		}
	}
	return false
}
