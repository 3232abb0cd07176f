package refusal

import (
	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/internal/text"
)

// Payment is a refusal of a request that costs more credits than there are.
type Payment struct {
	// Rule is the name of the budget, Cost what the request costs.
	Rule string
	Cost uint32
	// Left and Limit are what the budget has left, and has at most. "" is for what nobody
	// knows.
	Left, Limit string
	// Never tells that the request costs more than the limit.
	Never bool
	// Violated is that of [Words].
	Violated string
}

// Words returns what the refusal says, with the seconds until there may be enough.
func (p *Payment) Words(seconds int64) *Words {
	cost := text.Int(int64(p.Cost))
	more := text.Join(`,"rule":"`, p.Rule, `","cost":`, cost)
	if p.Left != "" {
		more += `,"left":` + p.Left
	}
	if p.Limit != "" {
		more += `,"limit":` + p.Limit
	}
	return &Words{
		Status: 402, GRPC: GRPCResourceExhausted, Code: jsonrpc.CodePaymentRequired,
		Problem: Blank("Payment Required"), Message: p.message(cost, seconds), Violated: p.Violated, More: more,
	}
}

// message says what the request costs, how much is left, and when there is enough.
func (p *Payment) message(cost string, seconds int64) string {
	cost += " credits"
	if p.Cost == 1 {
		cost = "1 credit"
	}
	if p.Never {
		return text.Join("This costs ", cost, ", more than all ", p.Limit, " of ", p.Rule, ". Waiting does not help.")
	}
	left := p.Left
	switch {
	case left == "":
		left = "not enough"
	case p.Limit != "":
		left = text.Join(left, " of ", p.Limit)
	}
	message := text.Join("This costs ", cost, ", and ", p.Rule, " has ", left, " left.")
	if seconds == 0 {
		return message
	}
	return TryAgain(message, seconds)
}
