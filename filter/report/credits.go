package report

// Credits counts what becomes of the credits of a rule.
type Credits struct{ Reserved, Committed, Refunded, Expired Counter }

// Define defines the counters of a rule.
func (c *Credits) Define(m *Metrics, rule string) {
	total := By("gatewarden_credits_total", "rule", rule)
	m.DefineBy(&c.Reserved, total, "outcome", "reserved")
	m.DefineBy(&c.Committed, total, "outcome", "committed")
	m.DefineBy(&c.Refunded, total, "outcome", "refunded")
	m.DefineBy(&c.Expired, total, "outcome", "expired")
}
