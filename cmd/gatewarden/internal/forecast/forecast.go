// Package forecast has the result of a simulation: the clients that would have been locked
// out and refused. It writes them as text, as JSON and as a page.
package forecast

import (
	"time"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

// Forecast is what the filter would have done with the requests of some logs. As
// JSON, its names and what they mean stay as they are within a version.
type Forecast struct {
	Version int `json:"version"`
	// Interrupted tells whether the logs were not read to their ends.
	Interrupted bool `json:"interrupted"`
	Log         Log  `json:"log"`
	// Assumptions are what the logs do not tell, and what was assumed.
	Assumptions []string `json:"assumptions"`
	// Variants are the configurations, in the order in which they were given.
	Variants []Variant `json:"variants"`
}

// Version is that of the JSON.
const Version = 1

// Log is what was read.
type Log struct {
	Files []string `json:"files"`
	accesslog.Counts
	// Late are requests that were too far from their place in the log, and were
	// put where the log had come to.
	Late int `json:"late"`
	// From and To are when the first request came and the last one was answered.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Problems are the first unreadable lines.
	Problems []accesslog.Problem `json:"problems"`
}

// Variant is what came of one configuration.
type Variant struct {
	Name string `json:"name"`
	Sums
	// Unguarded are the requests that belong to no surface, Malformed those that could
	// belong to two.
	Unguarded int64     `json:"unguarded"`
	Malformed int64     `json:"malformed"`
	Surfaces  []Surface `json:"surfaces"`
	Quotas    []Quota   `json:"quotas"`
	// Clients are the first that were locked out or refused, each on each surface
	// where it was.
	Clients []Client `json:"clients"`
	// Payers are the first that called what costs credits.
	Payers []Payer `json:"payers,omitempty"`
	// ClientsLocked and ClientsHurt are how many clients were locked out, and how
	// many of those with a right credential were refused. They are exact unless
	// AtLeast is set.
	ClientsLocked int  `json:"clients_locked"`
	ClientsHurt   int  `json:"clients_hurt"`
	AtLeast       bool `json:"at_least"`
	// NetworkLockouts are those of whole networks, Forgotten the counters that the
	// table gave up or had no place for.
	NetworkLockouts int64  `json:"network_lockouts"`
	Forgotten       uint64 `json:"forgotten"`
}

// Sums are numbers of requests, but for Lockouts. All of them are exact.
type Sums struct {
	Requests int64 `json:"requests"`
	// Failures are the wrong credentials that reached the service and counted, Repeated
	// those that reached it and did not count, because the client had failed with the same
	// one before.
	Failures int64 `json:"failures"`
	Repeated int64 `json:"repeated"`
	Lockouts int64 `json:"lockouts"`
	// Assumed are the failures, and the refused requests with a wrong credential, for
	// which the log does not say whether there was a credential. Undecided are the
	// responses for which it does not say whether they are failures.
	Assumed   int64 `json:"assumed"`
	Undecided int64 `json:"undecided"`
	// Refused are those that would not have reached the service: Stopped had a
	// wrong credential, Lost a right one. For Unclear it is unknown, because
	// Gatewarden refused them when the log was written. The responses to Others say
	// nothing about a credential.
	Refused int64 `json:"refused"`
	Stopped int64 `json:"stopped"`
	Lost    int64 `json:"lost"`
	Unclear int64 `json:"unclear"`
	Others  int64 `json:"others"`
	// Reasons are those of the refusals, such as locked_out.
	Reasons map[string]int64 `json:"reasons"`
}

// Surface is what came of a surface.
type Surface struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Sums
	// Series is how the numbers of requests went over time.
	Series Series `json:"series"`
}

// Series has equal steps.
type Series struct {
	From time.Time `json:"from"`
	// Step is in seconds.
	Step     int64   `json:"step"`
	Requests []int64 `json:"requests"`
	Failures []int64 `json:"failures"`
	Refused  []int64 `json:"refused"`
}

// Quota is what came of a quota.
type Quota struct {
	Name string `json:"name"`
	// Unit is requests or credits, Credits what was spent of the latter.
	Unit     string `json:"unit"`
	Credits  uint64 `json:"credits"`
	Admitted uint64 `json:"admitted"`
	Refused  uint64 `json:"refused"`
	// Unverified are those charged to an address, because the caller was not
	// verified.
	Unverified uint64 `json:"unverified"`
}

// Payer is a tenant that calls what costs credits; a user or a client if the log names no
// tenant.
type Payer struct {
	Payer string `json:"payer"`
	// Calls are the requests that cost credits, and Refused those for which a budget had too
	// few. Credits is what was paid for the others: those that failed are not paid.
	Calls   int64 `json:"calls"`
	Credits int64 `json:"credits"`
	Refused int64 `json:"refused"`
	// First is when the first one was refused.
	First *time.Time `json:"first,omitempty"`
}

// Client is one client on one surface.
type Client struct {
	Surface string `json:"surface"`
	Client  string `json:"client"`
	// First and Last are when it was first and last locked out or refused.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Lockouts are how often it was locked out, for LockedSeconds together.
	Lockouts      int64 `json:"lockouts"`
	LockedSeconds int64 `json:"locked_seconds"`
	// Failures begin with those that led to the first lockout.
	Failures int64 `json:"failures"`
	Refused  int64 `json:"refused"`
	Stopped  int64 `json:"stopped"`
	Lost     int64 `json:"lost"`
	// Assumed are those of Failures and Stopped for which the log does not say whether
	// there was a credential.
	Assumed int64 `json:"assumed"`
	// Before are its successes on any surface before First, as far as they are
	// remembered.
	Before int64 `json:"before"`
	// Locked are the first of its lockouts.
	Locked []Span `json:"locked"`
}

// Span is a length of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}
