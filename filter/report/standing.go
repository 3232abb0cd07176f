package report

// Standing tells whether a rule concerns a request, for explanations.
type Standing uint8

// The standings.
const (
	// Applies: the rule holds for the request.
	Applies Standing = iota
	// RuleOff: the rule is switched off.
	RuleOff
	// OtherSurface and OtherRequest: the rule is for others.
	OtherSurface
	OtherRequest
	// Overridden: another rule takes its place.
	Overridden
	// CostsNothing: the rule counts credits, and the request costs none.
	CostsNothing
	// NoLimit: the rule sets no limit for this caller.
	NoLimit
	// ClientAllowed: the client is never locked out.
	ClientAllowed
	// OnlyPreflight: the rule does not concern CORS preflights.
	OnlyPreflight
)
