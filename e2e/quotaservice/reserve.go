package quotaservice

import (
	"time"
)

const (
	findReservation = `SELECT state, tenant, request, reserved, committed, window_start FROM reservations WHERE key = ?`
	findAccount     = `SELECT credits_limit, window FROM accounts WHERE tenant = ?`
	findUsage       = `SELECT reserved + committed FROM usage WHERE tenant = ? AND window_start = ?`

	insertReservation = `INSERT INTO reservations
		(key, state, tenant, subject, surface, tools, request, reserved, window_start, expires_at)
		VALUES (?, 'reserved', ?, ?, ?, ?, ?, ?, ?, ?)`
	addReserved = `INSERT INTO usage (tenant, window_start, reserved, committed) VALUES (?, ?, ?, 0)
		ON CONFLICT DO UPDATE SET reserved = reserved + excluded.reserved`
	insertEvent = `INSERT INTO ledger (time, key, tenant, subject, event, credits, surface, tools)
		SELECT ?, key, tenant, subject, ?, ?, surface, tools FROM reservations WHERE key = ?`
)

// answer is a status of HTTP and a message.
type answer struct {
	status  int
	message any
}

// record is a reservation in the table.
type record struct {
	state               state
	tenant, request     string
	reserved, committed int64
	window              string
}

func (tx *transaction) reservation(key string) (r record, found bool, err error) {
	found, err = tx.find(findReservation, []any{key}, &r.state, &r.tenant, &r.request, &r.reserved, &r.committed, &r.window)
	return r, found, err
}

// message says of which state r is, and how many credits that concerns: those that are
// reserved, spent, or given back.
func (r record) message() stateMessage {
	if r.state == committed {
		return stateMessage{r.state, r.committed}
	}
	return stateMessage{r.state, r.reserved}
}

// credits are what a tenant has in the window that has begun.
type credits struct {
	limit, used int64
	start       string
	reset       time.Duration
	exists      bool
}

func (c credits) left() int64 { return max(c.limit-c.used, 0) }

func (tx *transaction) credits(tenant string) (c credits, err error) {
	var window Window
	if c.exists, err = tx.find(findAccount, []any{tenant}, &c.limit, &window); !c.exists {
		return c, err
	}
	start, end := window.bounds(tx.now)
	c.start, c.reset = timeText(start), end.Sub(tx.now)
	_, err = tx.find(findUsage, []any{tenant, c.start}, &c.used)
	return c, err
}

func (tx *transaction) reserve(key string, wanted reservation) (answer, error) {
	r, found, err := tx.reservation(key)
	if err != nil {
		return answer{}, err
	}
	request := text(wanted)
	if found {
		return tx.reserveAgain(r, request)
	}
	c, err := tx.credits(wanted.Payer.Tenant)
	if err != nil {
		return answer{}, err
	}
	if cost := int64(wanted.Credits); !c.exists || cost > c.left() {
		return answer{402, c.refuse(cost)}, nil
	}
	expires := tx.now.Add(time.Duration(wanted.LifetimeSeconds) * time.Second)
	err = tx.exec(insertReservation, key, wanted.Payer.Tenant, wanted.Payer.Subject, wanted.Surface, text(wanted.Calls),
		request, wanted.Credits, c.start, timeText(expires))
	if err != nil {
		return answer{}, err
	}
	if err := tx.exec(addReserved, wanted.Payer.Tenant, c.start, wanted.Credits); err != nil {
		return answer{}, err
	}
	c.used += int64(wanted.Credits)
	return answer{200, c.balance()}, tx.note(key, reserved, int64(wanted.Credits))
}

// reserveAgain answers a request to reserve whose key is known.
func (tx *transaction) reserveAgain(r record, request string) (answer, error) {
	switch {
	case r.state != reserved:
		return answer{409, r.message()}, nil
	case r.request != request:
		return answer{422, errorMessage{"the key is that of another reservation"}}, nil
	}
	c, err := tx.credits(r.tenant)
	return answer{200, c.balance()}, err
}

func (c credits) balance() balance {
	return balance{Left: c.left(), Limit: c.limit, ResetSeconds: wholeSeconds(c.reset)}
}

// refuse says when there may be enough, if there can be.
func (c credits) refuse(cost int64) refusal {
	r := refusal{Left: c.left(), Limit: c.limit}
	if cost <= c.limit {
		r.RetryAfterSeconds = wholeSeconds(c.reset)
	}
	return r
}

// note writes a movement of credits into the ledger.
func (tx *transaction) note(key string, event state, credits int64) error {
	if credits == 0 {
		return nil
	}
	return tx.exec(insertEvent, timeText(tx.now), string(event), credits, key)
}
