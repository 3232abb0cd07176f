package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// bankPath is where the quota service of scenarios has its reservations, see
// docs/quota-service.yaml.
const bankPath = "/v1/reservations/"

// bank is the quota service of a scenario. It is safe for concurrent use.
type bank struct {
	mu sync.Mutex
	// funds are what tenants have left, and limits what they had.
	funds, limits map[string]int
	reservations  map[string]*deposit // by key
}

type deposit struct {
	tenant  string
	credits int
	open    bool
}

func newBank(funds map[string]int) *bank {
	b := &bank{funds: map[string]int{}, limits: funds, reservations: map[string]*deposit{}}
	for tenant, credits := range funds {
		b.funds[tenant] = credits
	}
	return b
}

// answer answers a request for a path below bankPath.
func (b *bank) answer(path string, body []byte) wasmhost.Response {
	var said struct {
		Credits int
		Payer   struct{ Tenant string }
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return wasmhost.Response{Status: 400}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key, operation, _ := strings.Cut(path, "/")
	if operation == "" {
		return b.reserve(key, said.Payer.Tenant, said.Credits)
	}
	d := b.reservations[key]
	if d == nil || !d.open {
		return wasmhost.Response{Status: 409}
	}
	if operation == "refund" {
		said.Credits = 0
	}
	d.open = false
	b.funds[d.tenant] += d.credits - said.Credits
	return answerJSON(200, `{"state":"settled"}`)
}

func (b *bank) reserve(key, tenant string, credits int) wasmhost.Response {
	left, known := b.funds[tenant]
	switch {
	case !known:
		return answerJSON(402, "{}")
	case left < credits:
		return answerJSON(402, fmt.Sprintf(`{"left":%d,"limit":%d,"retry_after_seconds":90}`, left, b.limits[tenant]))
	}
	b.funds[tenant] -= credits
	b.reservations[key] = &deposit{tenant, credits, true}
	return answerJSON(200, fmt.Sprintf(`{"left":%d,"limit":%d,"reset_seconds":3600}`, b.funds[tenant], b.limits[tenant]))
}
