package quota

import (
	"encoding/binary"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/quota/algorithm"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/table"
)

// verified is what a quota can count by only if it was verified.
const verified = config.PerCredential | config.PerSubject | config.PerTenant

// has tells whether everything was verified that a quota counts by.
func has(id *caller.Identity, per config.Per) bool {
	return per&verified == 0 || id.Verified &&
		(per&config.PerSubject == 0 || id.Subject != "") &&
		(per&config.PerTenant == 0 || id.Tenant != "")
}

// bill determines the payer of each charge, and drops the charges of quotas that set no
// limit for the caller, and of quotas of credits if the request costs none.
func (s *State) bill(client *caller.Client, id *caller.Identity) {
	if len(s.charges) == 0 {
		return
	}
	tier := ""
	if id.Verified {
		tier = id.Tier
	}
	r, kept, enforced, requests := s.rules.room, s.charges[:0], 0, 0
	for i := range s.charges {
		c := s.charges[i]
		if c.quota.Unit == config.Credits {
			c.cost = s.credits
		}
		c.limit = c.quota.limitOf(tier)
		if c.limit.Limit == 0 || c.quota.Unit == config.Credits && c.cost == 0 {
			continue
		}
		c.plan = r.planOf(c.quota.kind, c.limit.Plan)
		c.fallback = !has(id, c.quota.Per)
		r.name = s.appendPayer(r.name[:0], &c, client, id)
		c.key = r.table.Key(ruleName, c.quota.id, r.name)
		if c.told = false; c.quota.part != apart {
			c.shared = r.shared.Key(ruleName, []byte(c.quota.Name), r.name)
			c.exhausted = r.table.Key(exhaustedRule, c.quota.id, r.name)
		}
		if kept = append(kept, c); i < s.enforced {
			if enforced++; c.quota.Unit == config.Requests {
				requests++
			}
		}
	}
	s.charges, s.requests, s.enforced, s.next = kept, requests, enforced, len(kept)
}

// planOf completes a plan with the window of the calendar that is running, if its windows
// are those of one.
func (r *Room) planOf(kind algorithm.Kind, p algorithm.Plan) algorithm.Plan {
	if !kind.IsCalendar() {
		return p
	}
	return kind.Calendar(p, r.ports.WallNow())
}

// appendPayer appends the name of the payer. Each part begins with a letter of its own,
// and has either a fixed length or its length before it. See RATIONALE.md, "Why is an
// unverified request counted by its address, whatever the rule says?"
func (s *State) appendPayer(out []byte, c *charge, client *caller.Client, id *caller.Identity) []byte {
	per := c.quota.Per
	if c.fallback {
		per = config.PerClient
	}
	if per&config.PerClient != 0 {
		out = append(append(out, 'a'), client.Key[:]...)
	}
	if per&config.PerCredential != 0 {
		out = binary.LittleEndian.AppendUint64(append(out, 'c'), id.Credential)
	}
	if per&config.PerSubject != 0 {
		out = table.AppendPart(append(out, 's'), id.Subject)
	}
	if per&config.PerTenant != 0 {
		out = table.AppendPart(append(out, 't'), id.Tenant)
	}
	if per&config.PerPath != 0 {
		out = binary.LittleEndian.AppendUint64(append(out, 'p'), s.endpoint)
	}
	return out
}

// endpoint returns a hash of what counts as the request's path.
func (r *Room) endpoint(t *request.Target) uint64 {
	return r.shared.Or(&r.table.Names).Hash([]byte(endpoint(request.Path(t.Path))))
}

// endpoint returns the path to count by: one for all spellings of an unambiguous path. All
// ambiguous paths together are one endpoint, "": otherwise a client that spells a path in
// many ways would have as many counters.
func endpoint(path string) string {
	if !request.IsPlain(path) {
		path = request.PercentDecode(path)
		if !request.IsPlain(path) || strings.ContainsAny(path, "?#\x00") {
			return ""
		}
	}
	return request.Normal(path)
}
