package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/caller"
)

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// keysConfig has a surface that requires one of these keys, which are JSON.
func keysConfig(keys ...string) string {
	return `{"credentials": {"headers": ["authorization", "x-api-key", "x-token"], "cookies": ["session"]},
		"identity": [{"source": "api_keys", "keys": [` + strings.Join(keys, ", ") + `]}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3}}]}`
}

func TestAPIKeys(t *testing.T) {
	long := strings.Repeat("k", maxAPIKey)
	h := newHouse(t, keysConfig(
		`{"id": "ci", "sha256": "`+hashOf("Secret-1")+`", "subject": "build", "tenant": "acme", "tier": "pro", "scopes": ["a", "b"], "roles": ["admin"]}`,
		`{"id": "plain", "sha256": "`+hashOf("another")+`"}`,
		`{"id": "short", "sha256": "`+hashOf("x")+`"}`,
		`{"id": "long", "sha256": "`+hashOf(long)+`"}`,
		`{"id": "longer", "sha256": "`+hashOf(long+"k")+`"}`,
		`{"id": "empty", "sha256": "`+hashOf("")+`"}`,
		`{"id": "two", "sha256": "`+hashOf("a b")+`"}`,
		`{"id": "basic", "sha256": "`+hashOf("YTpi")+`"}`,
		`{"id": "scheme", "sha256": "`+hashOf("Bearer Secret-1")+`"}`), "")
	for _, row := range []struct {
		name    string
		headers []string
		want    string // the subject
	}{
		{"Bearer", []string{"authorization", "Bearer Secret-1"}, "build"},
		{"the scheme in another case", []string{"authorization", "BEARER  Secret-1"}, "build"},
		{"x-api-key", []string{"x-api-key", "Secret-1"}, "build"},
		{"a configured header", []string{"x-token", "another"}, "plain"},
		{"as CGI spells it", []string{"x_api_key", "another"}, "plain"},
		{"of one letter", []string{"x-api-key", "x"}, "short"},
		{"a long key", []string{"x-api-key", long}, "long"},
		{"blanks around it", []string{"x-api-key", " \tanother  "}, "plain"},

		{"another key", []string{"x-api-key", "Secret-2"}, ""},
		{"another case", []string{"x-api-key", "secret-1"}, ""},
		{"more at the end", []string{"x-api-key", "Secret-1x"}, ""},
		{"a part", []string{"x-api-key", "Secret-"}, ""},
		{"nothing", []string{"x-api-key", ""}, ""},
		{"no header", nil, ""},
		{"another header", []string{"x-key", "Secret-1"}, ""},
		{"a cookie", []string{"cookie", "session=Secret-1"}, ""},
		{"no scheme", []string{"authorization", "Secret-1"}, ""},
		{"another scheme", []string{"authorization", "Token Secret-1"}, ""},
		{"Basic", []string{"authorization", "Basic YTpi"}, ""},
		{"its own hash", []string{"x-api-key", hashOf("Secret-1")}, ""},
		{"a scheme in another header", []string{"x-api-key", "Bearer Secret-1"}, ""},
		{"two words", []string{"x-api-key", "a b"}, ""},
		{"a blank of another alphabet", []string{"x-api-key", "Secret-1\u00a0"}, ""},
		{"too long", []string{"x-api-key", long + "k"}, ""},
		{"twice", []string{"x-api-key", "Secret-1", "x-api-key", "Secret-1"}, ""},
		{"in two headers", []string{"x-api-key", "Secret-1", "authorization", "Bearer Secret-1"}, ""},
		{"beside another credential", []string{"x-api-key", "Secret-1", "authorization", "Bearer junk"}, ""},
		{"beside a cookie", []string{"x-api-key", "Secret-1", "cookie", "session=s"}, ""},
		{"two on a line", []string{"authorization", "Bearer Secret-1,Bearer another"}, ""},
		{"the same on a line", []string{"authorization", "Bearer Secret-1,Bearer Secret-1"}, ""},
	} {
		got := h.identified("rest", row.headers...)
		if got.Subject != row.want || got.Verified != (row.want != "") {
			t.Errorf("%s: %+v, want %q", row.name, got, row.want)
		}
	}
	if calls := h.take(); calls != "" {
		t.Errorf("no key expires, and the room asks for the time: %s", calls)
	}
	got := h.identified("rest", "x-api-key", "Secret-1")
	if want := (caller.Identity{Verified: true, Subject: "build", Tenant: "acme", Tier: "pro", Scopes: []string{"a", "b"}, Roles: []string{"admin"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAPIKeyExpires(t *testing.T) {
	h := newHouse(t, keysConfig(`{"id": "ci", "sha256": "`+hashOf("k")+`", "expires": "2027-01-15T08:00:00Z"}`,
		`{"id": "other", "sha256": "`+hashOf("o")+`"}`), "")
	for _, row := range []struct {
		wall  int64
		key   string
		want  bool
		calls string
	}{
		{1_799_999_999_999, "k", true, "wall now"}, {1_800_000_000_000, "k", false, "wall now"}, {1_900_000_000_000, "k", false, "wall now"},
		{1_799_999_999_999, "k", true, "wall now"}, // a clock that was set back
		{1_900_000_000_000, "o", true, ""},
		{1_900_000_000_000, "unknown", false, ""},
	} {
		h.proxy.wall = row.wall
		got := h.identified("rest", "x-api-key", row.key)
		if calls := h.take(); got.Verified != row.want || calls != row.calls {
			t.Errorf("%s at %d: %+v, %v", row.key, row.wall, got, calls)
		}
	}
}

// Every key is found at its place, and nothing else is. The last word of a hash counts
// as much as the first.
func TestFindKey(t *testing.T) {
	keys := make([]apiKey, 100)
	for i := range keys {
		keys[i].compile(&config.APIKey{SHA256: sha256.Sum256([]byte(fmt.Sprint(i)))})
	}
	for i := range keys {
		if got := findKey(keys, keys[i].hash); got != i {
			t.Errorf("key %d is found at %d", i, got)
		}
		for bit := 0; bit < 256; bit++ {
			near := keys[i].hash
			near[bit/64] ^= 1 << (bit % 64)
			if got := findKey(keys, near); got != -1 {
				t.Fatalf("with bit %d changed, key %d is found at %d", bit, i, got)
			}
		}
	}
	if findKey(nil, keys[0].hash) != -1 {
		t.Error("found in an empty list")
	}
}
