package config

// checkFleet checks what the fleet counts against the surfaces and the quotas.
func (d *draft) checkFleet(out *violations) {
}
