package quotaservice

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed schema.sql
var schema string

// InMemory is the file name of a database that ends with the service.
const InMemory = ":memory:"

// maxBatch is how many operations share a transaction.
const maxBatch = 256

// store is the database. One goroutine writes: it does the operations that arrived
// meanwhile in one transaction, so that they wait for the disk once, and no two of them
// can interleave.
type store struct {
	db   *sql.DB
	now  func() time.Time
	jobs chan job
	// closing ends the writer, which then closes done.
	closing, done chan struct{}
	once          sync.Once
}

// job is an operation in a transaction. It fails only if the database does.
type job struct {
	do   func(tx *transaction) error
	done chan error
}

var errClosed = errors.New("the service has ended")

// dataSource is the driver's name of a file.
func dataSource(file, mode string) (string, error) {
	pragmas := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}, "mode": {mode}}
	if file == InMemory {
		return "file::memory:?" + url.Values{"_pragma": pragmas["_pragma"]}.Encode(), nil
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if mode == "ro" {
		pragmas["_pragma"] = pragmas["_pragma"][:1]
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: pragmas.Encode()}).String(), nil
}

func openStore(file string, accounts []Account, now func() time.Time) (*store, error) {
	source, err := dataSource(file, "rwc")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetConnMaxLifetime(0)
	s := &store{db: db, now: now, jobs: make(chan job), closing: make(chan struct{}), done: make(chan struct{})}
	if err := s.prepare(accounts); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// prepare makes the tables and starts the writer.
func (s *store) prepare(accounts []Account) error {
	ctx := context.Background()
	connection, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	if _, err := connection.ExecContext(ctx, schema); err != nil {
		return err
	}
	for _, a := range accounts {
		_, err := connection.ExecContext(ctx, `INSERT INTO accounts (tenant, credits_limit, window) VALUES (?, ?, ?)
			ON CONFLICT (tenant) DO UPDATE SET credits_limit = excluded.credits_limit, window = excluded.window`,
			a.Tenant, a.Limit, string(a.Window))
		if err != nil {
			return err
		}
	}
	tx, err := newTransaction(connection)
	if err != nil {
		return err
	}
	go s.write(tx)
	return nil
}

// close waits for the operations that have begun.
func (s *store) close() error {
	s.once.Do(func() { close(s.closing) })
	<-s.done
	return s.db.Close()
}

// do runs an operation and waits for its transaction to be on the disk.
func (s *store) do(operation func(tx *transaction) error) error {
	j := job{operation, make(chan error, 1)}
	select {
	case s.jobs <- j:
		return <-j.done
	case <-s.closing:
		return errClosed
	}
}

func (s *store) write(tx *transaction) {
	defer close(s.done)
	defer func() { _ = tx.connection.Close() }()
	for {
		select {
		case first := <-s.jobs:
			batch := s.gather(first)
			err := tx.run(s.now(), batch)
			for _, j := range batch {
				j.done <- err
			}
		case <-s.closing:
			return
		}
	}
}

// gather returns the operations that wait.
func (s *store) gather(first job) []job {
	batch := []job{first}
	for len(batch) < maxBatch {
		select {
		case next := <-s.jobs:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}
