package config

// validate checks the fields, which are valid in themselves, against each other.
// The rooms hold the checks; violations are reported in this order.
func (d *draft) validate(out *violations) {
	checkClient(&d.Client, out)
	d.checkNames(out)
	for i := range d.Surfaces {
		checkOutcome(&d.Surfaces[i], i, out)
		checkLockout(&d.Surfaces[i], i, out)
		checkKeys(&d.Surfaces[i], i, out)
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
	d.checkOperations(out)
	if d.MCP != nil {
		d.checkMCP(out)
	}
	if d.QuotaService != nil {
		d.checkQuotaService(out)
	}
	if d.Fleet != nil {
		d.checkFleet(out)
	}
	d.checkResources(out)
	d.checkAuthorizationServers(out)
}
