package filter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// keysConfig is a surface that requires one of these keys, which are JSON.
func keysConfig(keys ...string) string {
	return `{"credentials": {"headers": ["authorization", "x-api-key", "x-token"], "cookies": ["session"]},
		"identity": [{"source": "api_keys", "keys": [` + strings.Join(keys, ", ") + `]}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "require": true, "lockout": {"failures": 3}}]}`
}

func TestAPIKeys(t *testing.T) {
	long := strings.Repeat("k", maxAPIKey)
	f, host := newFilter(t, keysConfig(
		`{"id": "ci", "sha256": "`+hashOf("Secret-1")+`", "subject": "build", "tenant": "acme", "tier": "pro", "scopes": ["a", "b"], "roles": ["admin"]}`,
		`{"id": "plain", "sha256": "`+hashOf("another")+`"}`,
		`{"id": "short", "sha256": "`+hashOf("x")+`"}`,
		`{"id": "long", "sha256": "`+hashOf(long)+`"}`,
		`{"id": "longer", "sha256": "`+hashOf(long+"k")+`"}`,
		`{"id": "empty", "sha256": "`+hashOf("")+`"}`,
		`{"id": "two", "sha256": "`+hashOf("a b")+`"}`,
		`{"id": "basic", "sha256": "`+hashOf("YTpi")+`"}`,
		`{"id": "scheme", "sha256": "`+hashOf("Bearer Secret-1")+`"}`))
	for _, row := range []struct {
		name    string
		headers []Header
		want    string // the subject
	}{
		{"Bearer", hdr("authorization", "Bearer Secret-1"), "build"},
		{"its scheme in another case", hdr("authorization", "BEARER  Secret-1"), "build"},
		{"x-api-key", hdr("x-api-key", "Secret-1"), "build"},
		{"a configured header", hdr("x-token", "another"), "plain"},
		{"as CGI has it", hdr("x_api_key", "another"), "plain"},
		{"of one letter", hdr("x-api-key", "x"), "short"},
		{"a long one", hdr("x-api-key", long), "long"},
		{"blanks around it", hdr("x-api-key", " \tanother  "), "plain"},

		{"another key", hdr("x-api-key", "Secret-2"), ""},
		{"another case", hdr("x-api-key", "secret-1"), ""},
		{"and at the end", hdr("x-api-key", "Secret-1x"), ""},
		{"a part", hdr("x-api-key", "Secret-"), ""},
		{"nothing", hdr("x-api-key", ""), ""},
		{"no header", nil, ""},
		{"another header", hdr("x-key", "Secret-1"), ""},
		{"a cookie", hdr("cookie", "session=Secret-1"), ""},
		{"no scheme", hdr("authorization", "Secret-1"), ""},
		{"another scheme", hdr("authorization", "Token Secret-1"), ""},
		{"Basic", hdr("authorization", "Basic YTpi"), ""},
		{"its own hash", hdr("x-api-key", hashOf("Secret-1")), ""},
		{"a scheme where none belongs", hdr("x-api-key", "Bearer Secret-1"), ""},
		{"two words", hdr("x-api-key", "a b"), ""},
		{"a blank of another alphabet", hdr("x-api-key", "Secret-1\u00a0"), ""},
		{"too long", hdr("x-api-key", long+"k"), ""},
		{"twice", hdr("x-api-key", "Secret-1", "x-api-key", "Secret-1"), ""},
		{"in two headers", hdr("x-api-key", "Secret-1", "authorization", "Bearer Secret-1"), ""},
		{"beside another", hdr("x-api-key", "Secret-1", "authorization", "Bearer junk"), ""},
		{"beside a cookie", hdr("x-api-key", "Secret-1", "cookie", "session=s"), ""},
		{"two on a line", hdr("authorization", "Bearer Secret-1,Bearer another"), ""},
		{"the same on a line", hdr("authorization", "Bearer Secret-1,Bearer Secret-1"), ""},
	} {
		host.now += 3_600_000 // no row is locked out for what others did
		got := identified(f, host, append(hdr(":method", "GET", ":path", "/api"), row.headers...))
		if got.subject != row.want || got.verified != (row.want != "") {
			t.Errorf("%s: %+v, want %q", row.name, got, row.want)
		}
	}
	if calls := strings.Join(host.calls, ", "); strings.Contains(calls, "wall now") {
		t.Errorf("the time of day is asked for, and no key expires: %s", calls)
	}
	got := identified(f, host, hdr(":method", "GET", ":path", "/api", "x-api-key", "Secret-1"))
	if want := (identity{verified: true, subject: "build", tenant: "acme", tier: "pro", scopes: []string{"a", "b"}, roles: []string{"admin"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAPIKeyExpires(t *testing.T) {
	f, host := newFilter(t, keysConfig(`{"id": "ci", "sha256": "`+hashOf("k")+`", "expires": "2027-01-15T08:00:00Z"}`,
		`{"id": "other", "sha256": "`+hashOf("o")+`"}`))
	for _, row := range []struct {
		wall int64
		key  string
		want bool
		asks bool
	}{
		{1_799_999_999_999, "k", true, true}, {1_800_000_000_000, "k", false, true}, {1_900_000_000_000, "k", false, true},
		{1_799_999_999_999, "k", true, true}, // a clock that was set back
		{1_900_000_000_000, "o", true, false},
		{1_900_000_000_000, "unknown", false, false},
	} {
		host.wall = row.wall
		host.forget()
		got := identified(f, host, hdr(":method", "GET", ":path", "/api", "x-api-key", row.key))
		if got.verified != row.want || strings.Contains(strings.Join(host.calls, ","), "wall now") != row.asks {
			t.Errorf("%s at %d: %+v, %v", row.key, row.wall, got, host.calls)
		}
	}
}

// Every key is found wherever it stands, and nothing else is; the last word of a
// hash counts as much as the first.
func TestFindKey(t *testing.T) {
	var keys []apiKey
	for i := 0; i < 100; i++ {
		keys = append(keys, newAPIKey(&config.APIKey{SHA256: sha256.Sum256([]byte(fmt.Sprint(i)))}))
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
		t.Error("found among none")
	}
}
