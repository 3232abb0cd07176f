package identity

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

const headersConfig = `{"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id", "tier": "x-tier", "scopes": "x-scopes", "roles": "x-roles"}],
	"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`

func TestHeadersIdentity(t *testing.T) {
	tenants := strings.Replace(headersConfig, `"subject": "x-user-id", `, "", 1)
	defaultTier := strings.Replace(headersConfig, `"tier"`, `"default_tier": "user", "tier"`, 1)
	for _, row := range []struct {
		name, json string
		headers    []string
		want       caller.Identity
	}{
		{"all parts", headersConfig, []string{"x-user-id", "alice", "x-tenant-id", "acme", "x-tier", "pro", "x-scopes", "a b,c , d", "x-roles", "admin, on-call"},
			caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Tier: "pro", Scopes: []string{"a", "b", "c", "d"}, Roles: []string{"admin", "on-call"}}},
		{"the subject alone", headersConfig, []string{"x-user-id", " alice\t"}, caller.Identity{Verified: true, Subject: "alice"}},
		{"no subject", headersConfig, []string{"x-tenant-id", "acme", "x-tier", "pro"}, caller.Identity{}},
		{"an empty subject", headersConfig, []string{"x-user-id", " ", "x-tenant-id", "acme"}, caller.Identity{}},
		{"an empty tier", headersConfig, []string{"x-user-id", "alice", "x-tier", ""}, caller.Identity{Verified: true, Subject: "alice"}},
		{"a subject twice", headersConfig, []string{"x-user-id", "alice", "x-user-id", "mallory"}, caller.Identity{}},
		{"the same twice", headersConfig, []string{"x-user-id", "alice", "x-user-id", "alice"}, caller.Identity{}},
		{"one of them empty", headersConfig, []string{"x-user-id", "", "x-user-id", "mallory"}, caller.Identity{}},
		{"a tier twice", headersConfig, []string{"x-user-id", "alice", "x-tier", "free", "x-tier", "pro"}, caller.Identity{}},
		{"roles twice", headersConfig, []string{"x-user-id", "alice", "x-roles", "a", "x-roles", "b"}, caller.Identity{}},
		{"no tier, and a default", defaultTier, []string{"x-user-id", "alice"}, caller.Identity{Verified: true, Subject: "alice", Tier: "user"}},
		{"a tier", defaultTier, []string{"x-user-id", "alice", "x-tier", "pro"}, caller.Identity{Verified: true, Subject: "alice", Tier: "pro"}},
		{"an unverified caller has no tier", defaultTier, nil, caller.Identity{}},
		{"another header twice", headersConfig, []string{"x-user-id", "alice", "x-other", "a", "x-other", "b"}, caller.Identity{Verified: true, Subject: "alice"}},
		{"a control character", headersConfig, []string{"x-user-id", "a\tb"}, caller.Identity{}},
		{"a control character in the tier", headersConfig, []string{"x-user-id", "alice", "x-tier", "a\tb"}, caller.Identity{}},
		{"as CGI spells it", headersConfig, []string{"x_user_id", "mallory"}, caller.Identity{}},
		{"a comma is part of a name", headersConfig, []string{"x-user-id", "Doe, J."}, caller.Identity{Verified: true, Subject: "Doe, J."}},
		{"nothing", headersConfig, nil, caller.Identity{}},
		{"a tenant", tenants, []string{"x-tenant-id", "acme", "x-tier", "free"}, caller.Identity{Verified: true, Tenant: "acme", Tier: "free"}},
		{"a tier without a tenant", tenants, []string{"x-tier", "enterprise"}, caller.Identity{}},
		{"a subject that is not configured", tenants, []string{"x-user-id", "mallory"}, caller.Identity{}},
	} {
		h := newHouse(t, row.json, "")
		got := h.enter("rest", append([]string{":method", "GET", ":path", "/api"}, row.headers...)...).Identity
		if (got.Credential != 0) != got.Verified {
			t.Errorf("%s: credential %d", row.name, got.Credential)
		}
		if got.Credential = 0; !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", row.name, got, row.want)
		}
	}
}
