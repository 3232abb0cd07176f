// Package quotaservice is a quota service for Gatewarden: it keeps the budgets of tenants
// in SQLite, and serves docs/quota-service.yaml.
//
// An answer means that the operation is on the disk. All operations happen one after the
// other, so no tenant gets more than its limit, however many requests arrive at once.
// Credits that are given back belong to the window from which they were taken.
package quotaservice

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"time"
)

// Prefix is where the operations are.
const Prefix = "/v1"

// Options are what a Service needs.
type Options struct {
	// File is the database, or InMemory.
	File string
	// Token is the bearer token of the service's clients.
	Token string
	// Accounts are created, or changed if they exist.
	Accounts []Account
	// Now is the clock.
	Now func() time.Time
}

// Service is an http.Handler.
type Service struct {
	store   *store
	token   [sha256.Size]byte
	handler http.Handler
}

// New opens the database, and makes it if there is none.
func New(o Options) (*Service, error) {
	if o.Token == "" {
		return nil, errors.New("a quota service needs a token")
	}
	store, err := openStore(o.File, o.Accounts, o.Now)
	if err != nil {
		return nil, err
	}
	s := &Service{store: store, token: sha256.Sum256([]byte(o.Token))}
	s.handler = s.routes()
	return s, nil
}

// Close ends the service. Operations that have begun are finished.
func (s *Service) Close() error { return s.store.close() }

// Expire ends the reservations that nobody settled in time. Every operation does so before
// it begins; who reads the database without one wants it done now and then.
func (s *Service) Expire() error {
	return s.store.do(func(*transaction) error { return nil })
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
