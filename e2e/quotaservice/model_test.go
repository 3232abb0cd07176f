package quotaservice_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

var tenants = []quotaservice.Account{
	{Tenant: "acme", Limit: 40, Window: "1m"}, {Tenant: "globex", Limit: 25, Window: quotaservice.Day}, {Tenant: "initech", Limit: 60, Window: "1h"},
}

// order is what a random client wants with a key. All its requests to reserve are alike.
type order struct {
	key, tenant       string
	credits, lifetime int
}

func (o order) request() string { return wants(o.tenant, o.credits, o.lifetime) }

func randomOrders(random *rand.Rand, n int) []order {
	orders := make([]order, n)
	for i := range orders {
		tenant := tenants[random.IntN(len(tenants))].Tenant
		orders[i] = order{fmt.Sprintf("%032x", i), tenant, 1 + random.IntN(12), 1 + random.IntN(90)}
	}
	return orders
}

// model is the contract, without SQL: what the service has to answer.
type model struct {
	reservations map[string]*modelled
	clock        *clock
}

type modelled struct {
	order
	state            string
	spent            int
	expires, started time.Time
}

// begins is the start of a tenant's window.
func (m *model) begins(tenant string) (start time.Time, limit int) {
	for _, a := range tenants {
		if a.Tenant == tenant {
			length := map[quotaservice.Window]time.Duration{"1m": time.Minute, "1h": time.Hour, quotaservice.Day: 24 * time.Hour}[a.Window]
			return m.clock.Now().Truncate(length), int(a.Limit)
		}
	}
	return time.Time{}, 0
}

func (m *model) left(tenant string) int {
	start, left := m.begins(tenant)
	for _, r := range m.reservations {
		if r.tenant == tenant && r.started.Equal(start) {
			switch r.state {
			case "reserved":
				left -= r.credits
			case "committed":
				left -= r.spent
			}
		}
	}
	return left
}

// answer is the status, and the state that comes with it.
func (m *model) answer(operation string, o order, spend int) (int, string) {
	for _, r := range m.reservations {
		if r.state == "reserved" && !r.expires.After(m.clock.Now()) {
			r.state = "expired"
		}
	}
	r := m.reservations[o.key]
	switch operation {
	case reserve:
		return m.reserve(r, o)
	case commit:
		return r.commit(spend)
	}
	if r == nil {
		m.reservations[o.key] = &modelled{order: order{key: o.key}, state: "refunded"}
		return 200, "refunded"
	}
	if r.state == "committed" {
		return 409, r.state
	}
	if r.state == "reserved" {
		r.state = "refunded"
	}
	return 200, r.state
}

func (m *model) reserve(r *modelled, o order) (int, string) {
	switch {
	case r != nil && r.state != "reserved":
		return 409, r.state
	case r != nil:
		return 200, ""
	case m.left(o.tenant) < o.credits:
		return 402, ""
	}
	start, _ := m.begins(o.tenant)
	m.reservations[o.key] = &modelled{order: o, state: "reserved", started: start,
		expires: m.clock.Now().Add(time.Duration(o.lifetime) * time.Second)}
	return 200, ""
}

func (r *modelled) commit(spend int) (int, string) {
	switch {
	case r == nil:
		return 404, ""
	case r.state == "committed" && r.spent == spend:
		return 200, r.state
	case r.state != "reserved":
		return 409, r.state
	case spend > r.credits:
		return 422, ""
	}
	r.state, r.spent = "committed", spend
	return 200, r.state
}

// Whatever is asked in whatever order, the service answers like the model.
func TestModel(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			b := newBench(t, quotaservice.InMemory, tenants...)
			m := &model{reservations: map[string]*modelled{}, clock: b.clock}
			orders := randomOrders(random, 60)
			for i := range 400 {
				if random.IntN(4) == 0 {
					b.clock.advance(time.Duration(random.IntN(20_000)) * time.Millisecond)
				}
				o := orders[min(random.IntN(10)+i/8, len(orders)-1)]
				operation := []string{reserve, reserve, commit, refund}[random.IntN(4)]
				spend := 1 + random.IntN(o.credits+1)
				body := map[string]string{reserve: o.request(), commit: spends(spend)}[operation]
				status, text := b.do(t, operation, o.key, body)
				wantStatus, wantState := m.answer(operation, o, spend)
				require.Equal(t, wantStatus, status, "%d: %s %s: %s", i, operation, body, text)
				var got struct {
					State string
					Left  int
				}
				require.NoError(t, json.Unmarshal([]byte(text), &got))
				require.Equal(t, wantState, got.State, "%d: %s %s", i, operation, body)
				if status == 402 || operation == reserve && status == 200 {
					require.Equal(t, m.left(o.tenant), got.Left, "%d: %s", i, text)
				}
			}
		})
	}
}

// Clients act at once, repeat what they asked, refund what has not arrived yet and forget
// to settle. At no time is more granted than the limit, and in the end every credit that
// was reserved is spent or given back, exactly once.
func TestCreditsAreConserved(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := newBench(t, filepath.Join(t.TempDir(), "quota.db"), tenants...)
			orders := randomOrders(rand.New(rand.NewPCG(seed, 2)), 300)
			var clients sync.WaitGroup
			for c := range uint64(16) {
				clients.Go(func() { b.play(t, rand.New(rand.NewPCG(seed, 100+c)), orders) })
			}
			clients.Wait()
			b.clock.advance(quotaservice.MaxLifetime * time.Second)
			require.NoError(t, b.service.Expire())
			b.reconcile(t)
		})
	}
}

// play is a client: some of its requests concern keys of other clients.
func (b *bench) play(t *testing.T, random *rand.Rand, orders []order) {
	for i := range 80 {
		o := orders[min(random.IntN(20)+i*len(orders)/80, len(orders)-1)]
		spend := 1 + random.IntN(o.credits)
		steps := [][]string{{reserve, commit}, {reserve, refund}, {reserve, reserve, commit, commit}, {refund, reserve}, {commit, refund}}[random.IntN(5)]
		if o.credits%3 == 0 {
			steps = []string{reserve} // nobody settles it
		}
		for _, operation := range steps {
			body := map[string]string{reserve: o.request(), commit: spends(spend)}[operation]
			status, text := b.do(t, operation, o.key, body)
			assert.Less(t, status, 500, text)
		}
		if random.IntN(3) == 0 {
			b.clock.advance(time.Duration(random.IntN(500)) * time.Millisecond)
		}
	}
}

// reconcile compares the tables with each other.
func (b *bench) reconcile(t *testing.T) {
	t.Helper()
	assert.Equal(t, []string{"0"}, query(t, b.file, "SELECT count(*) FROM reservations WHERE state = 'reserved'"))
	const sum = "sum(CASE event WHEN %s THEN credits ELSE 0 END)"
	events := strings.Join([]string{fmt.Sprintf(sum, "'reserved'"), fmt.Sprintf(sum, "'committed'"), fmt.Sprintf(sum, "'refunded'"), fmt.Sprintf(sum, "'expired'")}, ", ")
	rows := query(t, b.file, "SELECT tenant, "+events+" FROM ledger GROUP BY tenant ORDER BY tenant")
	require.Len(t, rows, len(tenants))
	var all [4]int
	for _, row := range rows {
		var tenant string
		var reserved, committed, refunded, expired int
		_, err := fmt.Sscan(row, &tenant, &reserved, &committed, &refunded, &expired)
		require.NoError(t, err)
		assert.Equal(t, reserved, committed+refunded+expired, row)
		for i, n := range []int{reserved, committed, refunded, expired} {
			all[i] += n
		}
		assert.Equal(t, []string{fmt.Sprint(reserved, " ", committed)}, query(t, b.file, "SELECT sum(reserved), sum(committed) FROM reservations WHERE tenant = '"+tenant+"'"))
		assert.Equal(t, []string{fmt.Sprint("0 ", committed)}, query(t, b.file, "SELECT sum(reserved), sum(committed) FROM usage WHERE tenant = '"+tenant+"'"))
	}
	for _, n := range all {
		assert.Positive(t, n, "the schedule has too little in it: %v", all)
	}
	assert.Empty(t, query(t, b.file, `SELECT key FROM ledger GROUP BY key
		HAVING sum(CASE event WHEN 'reserved' THEN credits ELSE -credits END) != 0 OR sum(event = 'reserved') != 1
		OR sum(event = 'committed') > 1 OR sum(event = 'refunded') > 1 OR sum(event = 'expired') > 1`), "each key in itself")
	assert.Empty(t, query(t, b.file, `SELECT l.id, l.running FROM (
			SELECT ledger.id, ledger.tenant, sum(CASE event WHEN 'reserved' THEN credits WHEN 'committed' THEN 0 ELSE -credits END)
				OVER (PARTITION BY ledger.tenant, window_start ORDER BY ledger.id) AS running
			FROM ledger JOIN reservations USING (key)) l
		JOIN accounts USING (tenant) WHERE running > credits_limit OR running < 0`), "at no time")
}
