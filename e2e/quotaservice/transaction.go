package quotaservice

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// transaction is a connection with the statements that operations use, and the time at
// which they happen.
type transaction struct {
	connection *sql.Conn
	statements map[string]*sql.Stmt
	now        time.Time
}

func newTransaction(connection *sql.Conn) (*transaction, error) {
	tx := &transaction{connection: connection, statements: make(map[string]*sql.Stmt)}
	for _, text := range []string{
		begin, commitAll, rollback, findReservation, findAccount, findUsage, findOverdue, insertReservation,
		insertTombstone, insertEvent, addReserved, settleReservation, settleUsage,
	} {
		statement, err := connection.PrepareContext(context.Background(), text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, text)
		}
		tx.statements[text] = statement
	}
	return tx, nil
}

const (
	begin     = `BEGIN IMMEDIATE`
	commitAll = `COMMIT`
	rollback  = `ROLLBACK`
)

// run does all jobs, or none of them. What is overdue expires first, so that no job sees it.
func (tx *transaction) run(now time.Time, jobs []job) (err error) {
	tx.now = now
	if err := tx.exec(begin); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.exec(rollback))
		}
	}()
	if err := tx.expire(); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := j.do(tx); err != nil {
			return err
		}
	}
	return tx.exec(commitAll)
}

func (tx *transaction) exec(statement string, args ...any) error {
	_, err := tx.statements[statement].Exec(args...)
	return err
}

// find reads one row, and reports whether there is one.
func (tx *transaction) find(statement string, args []any, into ...any) (bool, error) {
	err := tx.statements[statement].QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
