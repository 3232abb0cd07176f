package report

// Credits counts what becomes of the credits of a rule.
type Credits struct{ Reserved, Committed, Refunded, Expired Counter }

// Define defines the counters of a rule.
func (c *Credits) Define(m *Metrics, rule string) {
	const total = "gatewarden_credits_total"
	m.Define(&c.Reserved, total, "rule", rule, "outcome", "reserved")
	m.Define(&c.Committed, total, "rule", rule, "outcome", "committed")
	m.Define(&c.Refunded, total, "rule", rule, "outcome", "refunded")
	m.Define(&c.Expired, total, "rule", rule, "outcome", "expired")
}
