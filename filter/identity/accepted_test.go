package identity

import (
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

const acceptedConfig = `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
	"identity": [{"source": "accepted", "for": "10m"}], "surfaces": [
	{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 100}},
	{"name": "other", "kind": "mcp", "match": [{"prefix": "/other"}], "lockout": {"mode": "off"}},
	{"name": "token", "kind": "oauth-token", "match": [{"prefix": "/token"}]}]}`

// TestAccepted plays scripts. "credential surface verdict" sends a request, and "wait n"
// lets n seconds pass. A credential is a token, "key:" and a key, "cookie:" and a
// cookie, "both" or "-"; a plus behind it says that it is an identity when the request
// arrives. The verdict on the response is accepted, failed or neutral.
func TestAccepted(t *testing.T) {
	for _, row := range []struct{ name, script string }{
		{"after a success", "t rest accepted, t+ rest accepted, t+ rest neutral"},
		{"not before", "t rest neutral, t rest failed, t rest accepted, t+ rest accepted"},
		{"each token for itself", "t rest accepted, u rest accepted, t+ rest accepted, u+ rest accepted, v rest accepted"},
		{"until it fails on a request that proves nothing", "t rest neutral, t rest neutral, t rest accepted, t+ rest failed, t rest accepted"},
		{"no identity without a credential", "- rest accepted, - rest accepted"},
		{"for the configured time", "t rest accepted, wait 599, t+ rest neutral, wait 1, t rest neutral"},
		{"renewed after half of it", "t rest accepted, wait 299, t+ rest accepted, wait 301, t rest neutral"},
		{"but not sooner", "t rest accepted, wait 300, t+ rest accepted, wait 599, t+ rest neutral, wait 1, t rest neutral"},
		{"until it fails", "t rest accepted, t+ rest failed, t rest neutral, t rest accepted, t+ rest accepted"},
		{"which another token does not end", "t rest accepted, u rest failed, t+ rest accepted"},
		{"nor a neutral response", "t rest accepted, t+ rest neutral, t+ rest accepted"},
		{"on its surface", "t rest accepted, t other accepted, t+ other accepted"},
		{"whatever becomes of failures there", "t other accepted, t+ other failed, t other neutral"},
		{"not where the body logs in", "t token accepted, t token accepted, t rest accepted"},
		{"in its place", "t rest accepted, key:t rest accepted, key:t+ rest accepted"},
		{"in its spelling", "Tok rest accepted, tok rest accepted, tok+ rest accepted, Tok+ rest accepted"},
		{"not two credentials", "both rest accepted, both rest accepted, t rest accepted, both rest accepted"},
		{"a cookie", "cookie:s rest accepted, cookie:s+ rest accepted, cookie:t rest accepted"},
	} {
		h := newHouse(t, acceptedConfig, "")
		for i, step := range strings.Split(row.script, ", ") {
			words := strings.Fields(step)
			if words[0] == "wait" {
				seconds, _ := strconv.Atoi(words[1])
				h.proxy.now += int64(seconds) * 1000
				continue
			}
			credential, want := strings.CutSuffix(words[0], "+")
			g := h.enter(words[1], presenting(credential)...)
			switch words[2] {
			case "accepted":
				g.Accept()
			case "failed":
				g.Reject()
			}
			if g.Verified != want || g.outcome() != "passed" {
				t.Errorf("%s, step %d (%s): %+v", row.name, i+1, step, g.Identity)
			}
			if g.Verified && g.Subject+g.Tenant != "" {
				t.Errorf("%s: it has a name: %+v", row.name, g.Identity)
			}
		}
	}
}

// presenting returns headers that present a credential of TestAccepted.
func presenting(credential string) []string {
	key, isKey := strings.CutPrefix(credential, "key:")
	cookie, isCookie := strings.CutPrefix(credential, "cookie:")
	switch {
	case credential == "-":
		return nil
	case credential == "both":
		return []string{"authorization", "Bearer t", "x-api-key", "junk"}
	case isKey:
		return []string{"x-api-key", key}
	case isCookie:
		return []string{"cookie", "session=" + cookie}
	}
	return []string{"authorization", "Bearer " + credential}
}

// The response matters where a credential may become accepted.
func TestTracked(t *testing.T) {
	h := newHouse(t, acceptedConfig, "")
	for _, row := range []struct {
		surface, credential string
		want                bool
	}{
		{"rest", "t", true}, {"other", "t", true}, {"rest", "key:k", true}, {"rest", "-", false}, {"rest", "both", false}, {"token", "t", false}, {"none", "t", false},
	} {
		if got := h.enter(row.surface, presenting(row.credential)...).Tracked(); got != row.want {
			t.Errorf("%s on %s: %v", row.credential, row.surface, got)
		}
	}
	if h.enter("rest", "authorization", "Negotiate abc").Tracked() {
		t.Error("a credential that has no clear part")
	}
	h = newHouse(t, headersConfig, "")
	if h.enter("rest", "authorization", "Bearer t").Tracked() {
		t.Error("without the source")
	}
}

// However a client spells a credential, it is counted as the same one once the service
// has accepted it.
func TestAcceptedSpellings(t *testing.T) {
	h := newHouse(t, acceptedConfig, "")
	hashes := map[uint64]bool{}
	for _, one := range fakehost.Headers("authorization", "Bearer Tok", "authorization", "bearer tok", "x-api-key", "TOK", "cookie", "session=%54ok", "authorization", "Token tok==") {
		g := h.enter("rest", one.Name, one.Value)
		if g.Accept(); g.Verified {
			t.Errorf("%v is accepted before the service said so", one)
		}
		g = h.enter("rest", one.Name, one.Value)
		if !g.Verified {
			t.Errorf("%v is not accepted", one)
		}
		hashes[g.Credential] = true
	}
	if len(hashes) != 1 {
		t.Errorf("%d identities of one credential", len(hashes))
	}
	h.enter("rest", "authorization", "Bearer other").Accept()
	if g := h.enter("rest", "authorization", "Bearer other"); hashes[g.Credential] {
		t.Error("another credential is the same one")
	}
}

// Records of accepted credentials outlive the worker, so their keys must not change.
func TestAcceptedKeys(t *testing.T) {
	h := newHouse(t, acceptedConfig, "")
	for _, row := range []struct {
		credential string
		parts      []string
	}{
		{"t", []string{"authorization", "Bearer", "t"}},
		{"key:k", []string{"x-api-key", "", "k"}},
		{"cookie:s", []string{"session", "", "s"}},
	} {
		key := h.table.Key([]byte("accepted"), []byte("rest"), parts("", row.parts...))
		h.table.Renew(key, 600_000, h.proxy.now)
		if !h.enter("rest", presenting(row.credential)...).Verified {
			t.Errorf("%s has another key", row.credential)
		}
	}
}

// Made-up tokens write nothing, and a known token is written again only when half of
// its time is over.
func TestAcceptedWrites(t *testing.T) {
	h := newHouse(t, acceptedConfig, "")
	keys := len(h.proxy.data)
	writes := func(do func()) int {
		h.take()
		do()
		return strings.Count(h.take(), "set")
	}
	send := func(token string) *guest { return h.enter("rest", "authorization", "Bearer "+token) }
	if n := writes(func() {
		for i := 0; i < 100; i++ {
			send(strconv.Itoa(i))
			send(strconv.Itoa(i)).Reject()
		}
	}); n != 0 || len(h.proxy.data) != keys {
		t.Errorf("made-up tokens: %d writes, %d keys", n, len(h.proxy.data)-keys)
	}
	good := func() {
		for i := 0; i < 100; i++ {
			send("good").Accept()
		}
	}
	if n := writes(good); n != 1 {
		t.Errorf("a good token: %d writes", n)
	}
	h.proxy.now += 300_000
	if n := writes(good); n != 1 {
		t.Errorf("a good token after half of its time: %d writes", n)
	}
	// A token does not come back by a request that was in progress when it was revoked.
	late := send("good")
	send("good").Reject()
	if late.Accept(); send("good").Verified {
		t.Error("accepted after it was revoked")
	}
}
