package config

// warnings collects what is valid but dangerous.
type warnings struct{ list []string }

// add adds a warning. message is written out with args, as fill does.
func (w *warnings) add(at location, message string, args ...string) {
	w.list = append(w.list, at.String()+": "+fill(message, args))
}

// Warnings lists what is valid but dangerous, each with its path and remedy. The
// rooms hold the warnings.
func (c *Config) Warnings() []string {
	if c.Admin != nil {
		return nil // an operations endpoint guards nothing
	}
	warn := &warnings{}
	c.Client.warn(warn)
	c.Credentials.warn(warn)
	for i := range c.Surfaces {
		l := &c.Surfaces[i].Lockout
		l.warnKeys(i, warn)
		if !l.off() {
			l.warnDuration(i, warn)
			l.warnStuffing(i, warn)
			l.warnBodies(i, warn)
			c.Surfaces[i].warnConditions(i, warn)
		}
	}
	c.warnUnguarded(warn)
	c.warnExempt(warn)
	c.warnShadows(warn)
	c.warnQuotas(warn)
	c.warnPrices(warn)
	c.warnFleet(warn)
	c.warnStepUp(warn)
	c.warnResources(warn)
	c.warnAuthorizationServers(warn)
	c.warnAudiences(warn)
	return warn.list
}

// warnUnguarded warns about surfaces of which none has a lockout, unless the
// instance does something else: another one may then count failures.
func (c *Config) warnUnguarded(warn *warnings) {
	if len(c.Surfaces) == 0 || len(c.Identity)+len(c.Quotas)+len(c.Concurrency) > 0 {
		return
	}
	for i := range c.Surfaces {
		if !c.Surfaces[i].Lockout.off() {
			return
		}
	}
	warn.add(at("surfaces"), "have all their lockouts turned off; remove mode off, or failures 0, from the surfaces to guard")
}
