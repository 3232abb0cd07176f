package config

import (
	"github.com/tidwall/gjson"
)

// Audit says which decisions have a line of their own in the log, for those who have to
// account for them.
type Audit struct {
	// Sample is the part of the decisions with each outcome that is kept, from 0 to 1.
	// Default: 1, all of them.
	Sample [NumAuditOutcomes]float64
	// LinesPerSecond limits the lines per second of each worker about refusals, and again
	// those about all else; 1 to 10000. Further lines are only counted. Default: 10.
	LinesPerSecond int
	// Identity is the form in which subjects and tenants appear. Default: IdentityClear if
	// Log.Client is ClientFull, IdentityHash otherwise.
	Identity IdentityForm
}

// IdentityForm is the form in which subjects and tenants appear in audit lines.
type IdentityForm uint8

// The forms. identityUnset is that of a configuration which does not say.
const (
	// IdentityClear is the name. Danger: it is personal data in many places.
	IdentityClear IdentityForm = iota
	// IdentityHash is a keyed hash. It stays the same as long as the table lives.
	IdentityHash
	identityUnset
)

// AuditOutcome is what became of a request. The list is closed.
type AuditOutcome uint8

// The outcomes. AuditRefunded is that of a call which failed: its credits were given back.
const (
	AuditAllowed AuditOutcome = iota
	AuditRateLimited
	AuditLockedOut
	AuditAuthDenied
	AuditInsufficientScope
	AuditTierDenied
	AuditQuotaExceeded
	AuditOverCapacity
	AuditStoreUnavailable
	AuditMalformed
	AuditRefunded
	NumAuditOutcomes
)

var auditOutcomes = [NumAuditOutcomes]string{
	"allowed", "rate_limited", "locked_out", "auth_denied", "insufficient_scope", "tier_denied",
	"quota_exceeded", "over_capacity", "store_unavailable", "malformed", "refunded",
}

// String returns the word for an outcome.
func (o AuditOutcome) String() string {
	if o >= NumAuditOutcomes {
		return ""
	}
	return auditOutcomes[o]
}

var identityForms = []string{IdentityClear: "clear", IdentityHash: "hash"}

var oneAudit Audit

var auditFields = table[Audit]{&oneAudit, []field[Audit]{
	{key: "sample", object: of(&sampleFields), read: func(v *value, a *Audit) { readObject(v, &sampleFields, &a.Sample) }},
	{key: "lines_per_second", as: &integer{&oneAudit.LinesPerSecond, 1, 10_000}},
	{key: "identity", as: &oneOf{(*uint8)(&oneAudit.Identity), identityForms}},
}}

// sample is the part of the decisions with each outcome that is kept.
type sample = [NumAuditOutcomes]float64

var oneSample sample

var sampleFields = table[sample]{&oneSample, []field[sample]{
	{key: "allowed", as: &fraction{&oneSample[AuditAllowed]}},
	{key: "rate_limited", as: &fraction{&oneSample[AuditRateLimited]}},
	{key: "locked_out", as: &fraction{&oneSample[AuditLockedOut]}},
	{key: "auth_denied", as: &fraction{&oneSample[AuditAuthDenied]}},
	{key: "insufficient_scope", as: &fraction{&oneSample[AuditInsufficientScope]}},
	{key: "tier_denied", as: &fraction{&oneSample[AuditTierDenied]}},
	{key: "quota_exceeded", as: &fraction{&oneSample[AuditQuotaExceeded]}},
	{key: "over_capacity", as: &fraction{&oneSample[AuditOverCapacity]}},
	{key: "store_unavailable", as: &fraction{&oneSample[AuditStoreUnavailable]}},
	{key: "malformed", as: &fraction{&oneSample[AuditMalformed]}},
	{key: "refunded", as: &fraction{&oneSample[AuditRefunded]}},
}}

func readAudit(v *value) *Audit {
	a := &Audit{LinesPerSecond: 10, Identity: identityUnset}
	for i := range a.Sample {
		a.Sample[i] = 1
	}
	readObject(v, &auditFields, a)
	return a
}

// readFraction reads a number from 0 to 1. If there is none, into keeps its value.
func readFraction(v *value, into *float64) {
	const right = "a number from 0 to 1, for example 0.01"
	switch n := v.json.Num; {
	case v.json.Type != gjson.Number:
		v.wrongType(right)
	case !(n >= 0 && n <= 1):
		v.bad("%s is out of range; write "+right, clip(v.json.Raw))
	default:
		*into = n
	}
}

// completeAudit gives identities the form that agrees with that of clients.
func (d *draft) completeAudit() {
	if d.Audit == nil || d.Audit.Identity != identityUnset {
		return
	}
	if d.Audit.Identity = IdentityHash; d.Log.Client == ClientFull {
		d.Audit.Identity = IdentityClear
	}
}
