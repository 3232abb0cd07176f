package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/service"
)

// asker is the caller in the commands that the screen shows for quotas.
type asker struct {
	// name is in words, headers are curl's options.
	name, headers string
	// other are the headers of another caller.
	other string
	// tier is that of both.
	tier string
	// late tells whether the first request is still the address's.
	late bool
	// byGateway tells whether the headers are those of a gateway in front.
	byGateway bool
}

const (
	withToken = "-H 'Authorization: Bearer " + service.Token + "' "
	withKey   = "-H 'X-Api-Key: %s' "
	// mostRequests is how many requests a reader who tries a command would wait for.
	mostRequests = 10_000
)

// quotaTries returns the commands to try with the first rule that limits a caller of the
// demo service's REST API; none if there is no such rule.
func (s screen) quotaTries(items string) []try {
	rule := s.limiting()
	if rule == nil {
		return nil
	}
	who := askerOf(s.config, rule)
	limit := int(limitOf(rule, who.tier))
	if limit == 0 || limit > mostRequests {
		return nil
	}
	more := limit
	if who.late {
		more++
	}
	first := fmt.Sprintf("A request of %s: 200, and the headers say what is left of %d.", who.name, limit)
	if who.late {
		first = "The first request with a token counts for its address, and the headers say what is left."
	}
	if who.byGateway {
		first += " curl plays the gateway, which in production sets these headers and takes away what clients bring along."
	}
	list := []try{
		{first, "curl -i " + who.headers + items},
		{fmt.Sprintf("%d more: %d times 200, then 429.", more, more-1),
			fmt.Sprintf(`curl -s -o /dev/null -w '%%{http_code}\n' %s'%s?[1-%d]' | sort | uniq -c`, who.headers, items, more)},
		{"Refused, until Retry-After is over.", "curl -i " + who.headers + items},
	}
	if who.other != "" {
		list = append(list, try{"Somebody else has an allowance of their own: 200.", "curl -i " + who.other + items})
	}
	if who.other != "" && !who.late {
		list = append(list, try{"Whom nobody vouches for is an address: 200, and what is left for that.", "curl -i " + withToken + items})
	}
	return list
}

// limiting is the first rule that limits what is asked of the REST API.
func (s screen) limiting() *config.Quota {
	surface := restSurface(s.config)
	if surface == nil {
		return nil
	}
	for i := range s.config.Quotas {
		q := &s.config.Quotas[i]
		if q.Mode == config.ModeEnforce && !q.Off() && len(q.Paths)+len(q.Methods)+len(q.Costs) == 0 && q.Cost == 1 &&
			(len(q.Surfaces) == 0 || slices.Contains(q.Surfaces, surface.Name)) {
			return q
		}
	}
	return nil
}

// limitOf is a tier's limit, 0 if it has none.
func limitOf(q *config.Quota, tier string) uint32 {
	limit := q.Limit
	for _, t := range q.Tiers {
		if t.Tier == tier {
			limit = t.Limit
		}
	}
	if limit == config.NoLimit {
		return 0
	}
	return limit
}

// askerOf returns a caller that an identity source verifies: the first that can.
func askerOf(c *config.Config, q *config.Quota) asker {
	for i := range c.Identity {
		if q.Per == config.PerClient {
			break
		}
		switch source := &c.Identity[i]; source.Kind {
		case config.IdentityHeaders:
			return behindGateway(source, q)
		case config.IdentityAPIKeys:
			if who, ok := withAPIKey(source); ok {
				return who
			}
		case config.IdentityAccepted:
			return asker{headers: withToken, other: fmt.Sprintf(withKey, service.APIKey), tier: source.DefaultTier, late: true}
		}
	}
	return asker{name: "this address", headers: withToken}
}

// behindGateway is of the tier that is allowed least, if headers tell the tier.
func behindGateway(source *config.Identity, q *config.Quota) asker {
	who := asker{tier: source.DefaultTier, byGateway: true}
	names := source.Headers
	if names.Tier != "" && len(q.Tiers) > 0 {
		who.tier = slices.MinFunc(q.Tiers, func(a, b config.TierLimit) int { return int(a.Limit) - int(b.Limit) }).Tier
	}
	headers := func(subject, tenant string) string {
		out := ""
		for _, h := range [][2]string{{names.Subject, subject}, {names.Tenant, tenant}, {names.Tier, who.tier}} {
			if h[0] != "" && h[1] != "" {
				out += fmt.Sprintf("-H '%s: %s' ", h[0], h[1])
			}
		}
		return out + withToken
	}
	who.headers, who.other = headers(service.User, "acme"), headers("bob", "globex")
	who.name = strings.TrimSpace(strings.Join([]string{nameIf(names.Subject, "the user "+service.User), nameIf(names.Tenant, "the tenant acme")}, " "))
	return who
}

func nameIf(header, name string) string {
	if header == "" {
		return ""
	}
	return name
}

// withAPIKey has one of the demo service's keys, if the configuration knows two.
func withAPIKey(source *config.Identity) (who asker, ok bool) {
	var known []string
	for _, key := range []string{service.APIKey, service.BobsKey} {
		for _, k := range source.Keys {
			if k.SHA256 == sha256.Sum256([]byte(key)) && k.Expires == 0 {
				if len(known) == 0 {
					who.tier = k.Tier
				}
				known = append(known, fmt.Sprintf(withKey, key))
			}
		}
	}
	if len(known) < 2 {
		return asker{}, false
	}
	who.name, who.headers, who.other = "the key's user", known[0], known[1]
	return who, true
}
