package identity

import (
	"fmt"
	"reflect"
	"testing"
)

func TestExplain(t *testing.T) {
	json := askConfig("", `, {"source": "api_keys", "keys": [{"id": "other", "sha256": "`+hashOf("o")+`"},
		{"id": "old", "sha256": "`+hashOf("old")+`", "expires": "2020-01-01T00:00:00Z"}, {"id": "ci", "sha256": "`+hashOf("key")+`", "subject": "ci", "tenant": "acme",
		"tier": "pro", "scopes": ["a"], "roles": ["b"]}]}, {"source": "accepted", "for": "10m"}`)
	for _, row := range []struct {
		name, surface string
		headers       []string
		status        string // of the answer, "" for none yet
		want          View
	}{
		{"a key", "rest", []string{"x-api-key", "key"}, "", View{Verified: true, Subject: "ci", Tenant: "acme", Tier: "pro", Scopes: []string{"a"}, Roles: []string{"b"},
			Source: 1, Said: []Said{SaidNothing, SaidVerified, NotAsked}, Expired: -1, Required: true}},
		{"nothing", "open", nil, "", View{Source: -1, Said: []Said{SaidNothing, SaidNothing, SaidNothing}, Expired: -1}},
		{"an expired key", "rest", []string{"x-api-key", "old"}, "", View{Source: -1, Said: []Said{SaidNothing, SaidNothing, SaidNothing}, Expired: 1, Required: true}},
		{"an expired key in a cookie", "rest", []string{"cookie", "session=old"}, "", View{Source: -1, Said: []Said{SaidNothing, SaidNothing, SaidNothing}, Expired: -1, Required: true}},
		{"an expired key beside another", "rest", []string{"authorization", "Bearer x", "x-api-key", "old"}, "", View{Source: -1,
			Said: []Said{SaidNothing, SaidNothing, SaidNothing}, Expired: -1, Required: true}},
		{"a token", "rest", []string{"authorization", "Bearer t"}, "", View{Source: -1, Said: []Said{SaidWait, NotAsked, NotAsked}, Waits: true, Expired: -1, Required: true}},
		{"an active token", "rest", []string{"authorization", "Bearer t"}, "200", View{Verified: true, Tenant: "acme",
			Source: 0, Said: []Said{SaidVerified, NotAsked, NotAsked}, Expired: -1, Required: true}},
		{"a token without an answer", "rest", []string{"authorization", "Bearer t"}, "503", View{Source: -1,
			Said: []Said{SaidNothing, SaidNothing, SaidNothing}, NoAnswer: true, Expired: -1, Required: true}},
		{"an expired key without an answer", "rest", []string{"authorization", "Bearer old"}, "503", View{Source: -1,
			Said: []Said{SaidNothing, SaidNothing, SaidNothing}, NoAnswer: true, Expired: 1, Required: true}},
		{"a key without an answer", "rest", []string{"authorization", "Bearer key"}, "503", View{Verified: true, Subject: "ci", Tenant: "acme", Tier: "pro",
			Scopes: []string{"a"}, Roles: []string{"b"}, Source: 1, Said: []Said{SaidNothing, SaidVerified, NotAsked}, Expired: -1, Required: true}},
	} {
		h := newHouse(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]}, `+json[1:], "")
		g := h.enter(row.surface, row.headers...)
		if row.status != "" {
			h.say(row.status, `{"active":true,"org":"acme"}`)
		}
		before := g.State
		if got := g.Explain(h.present(g.headers)); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\n%+v, want\n%+v", row.name, got, row.want)
		}
		if fmt.Sprintf("%+v", g.State) != fmt.Sprintf("%+v", before) {
			t.Errorf("%s: explaining changed the state", row.name)
		}
	}
}
