package quotaservice

import "errors"

const (
	settleReservation = `UPDATE reservations SET state = ?, committed = ? WHERE key = ?`
	settleUsage       = `UPDATE usage SET reserved = reserved - ?, committed = committed + ? WHERE tenant = ? AND window_start = ?`
	insertTombstone   = `INSERT INTO reservations (key, state, tenant, subject, surface, tools, request, reserved, window_start, expires_at)
		VALUES (?, 'refunded', '', '', '', '[]', '', 0, '', ?)`
	findOverdue = `SELECT key FROM reservations WHERE state = 'reserved' AND expires_at <= ?`
)

// settle ends a reservation: some credits are spent, and the rest is given back to the
// window from which it was taken.
func (tx *transaction) settle(key string, r record, end state, spent int64) (record, error) {
	given := end
	if end == committed {
		given = refunded
	}
	err := errors.Join(
		tx.exec(settleReservation, string(end), spent, key),
		tx.exec(settleUsage, r.reserved, spent, r.tenant, r.window),
		tx.note(key, committed, spent),
		tx.note(key, given, r.reserved-spent))
	r.state, r.committed = end, spent
	return r, err
}

func (tx *transaction) commit(key string, credits int64) (answer, error) {
	r, found, err := tx.reservation(key)
	switch {
	case err != nil:
		return answer{}, err
	case !found:
		return answer{404, errorMessage{"no reservation has this key"}}, nil
	case r.state == committed && r.committed == credits:
		return answer{200, r.message()}, nil
	case r.state != reserved:
		return answer{409, r.message()}, nil
	case credits > r.reserved:
		return answer{422, errorMessage{"fewer credits are reserved"}}, nil
	}
	r, err = tx.settle(key, r, committed, credits)
	return answer{200, r.message()}, err
}

func (tx *transaction) refund(key string) (answer, error) {
	r, found, err := tx.reservation(key)
	switch {
	case err != nil:
		return answer{}, err
	case !found:
		return answer{200, record{state: refunded}.message()}, tx.exec(insertTombstone, key, timeText(tx.now))
	case r.state == committed:
		return answer{409, r.message()}, nil
	case r.state != reserved:
		return answer{200, r.message()}, nil
	}
	r, err = tx.settle(key, r, refunded, 0)
	return answer{200, r.message()}, err
}

// expire ends the reservations that nobody settled in time.
func (tx *transaction) expire() error {
	keys, err := tx.overdue()
	for _, key := range keys {
		r, _, err := tx.reservation(key)
		if err != nil {
			return err
		}
		if _, err := tx.settle(key, r, expired, 0); err != nil {
			return err
		}
	}
	return err
}

func (tx *transaction) overdue() (keys []string, err error) {
	rows, err := tx.statements[findOverdue].Query(timeText(tx.now))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
