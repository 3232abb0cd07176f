package outcome

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

var judgementNames = map[Judgement]string{Neutral: "neutral", Accepted: "accepted", Failed: "failed", undecided: "undecided"}

func TestJudge(t *testing.T) {
	c := fakehost.ParseConfig(t, `{"surfaces": [
		{"name": "api", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]},
		{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/consent"}]},
		{"name": "wide", "kind": "api", "match": [{"prefix": "/wide"}], "lockout": {"statuses": [401, 403], "count_anonymous": true}},
		{"name": "form", "kind": "oauth-consent", "match": [{"path": "/form"}], "lockout": {"statuses": [200]}}]}`)
	room := New(c, &fakePorts{})
	const with, without = true, false
	for _, row := range []struct {
		surface    string
		credential bool
		statuses   []int
		want       Judgement
	}{
		{"api", with, []int{401}, Failed},
		{"api", with, []int{200, 201, 204, 206, 299}, Accepted},
		{"api", with, []int{100, 101, 301, 302, 304, 400, 402, 403, 404, 405, 413, 422, 429, 500, 502, 503, 504, 0}, Neutral},
		{"api", without, []int{200, 401, 403, 500, 0}, Neutral},
		{"mcp", with, []int{401}, Failed},
		{"mcp", with, []int{200, 202}, Accepted},
		{"mcp", with, []int{400, 403, 404, 413, 429, 500, 503}, Neutral},
		{"mcp", without, []int{200, 401, 403}, Neutral},
		{"token", with, []int{401}, Failed},
		{"token", without, []int{401}, Failed},
		{"token", with, []int{400}, undecided},
		{"token", without, []int{400}, undecided},
		{"token", without, []int{200, 204, 302, 403, 404, 413, 429}, undecided},
		{"token", without, []int{100, 500, 503, 0}, Neutral},
		{"consent", without, []int{401, 403, 422}, Failed},
		{"consent", with, []int{401, 403, 422}, Failed},
		{"consent", without, []int{302, 303, 400, 404, 429, 500}, Neutral},
		{"consent", without, []int{200}, Accepted},
		{"wide", without, []int{401, 403}, Failed},
		{"wide", with, []int{401, 403}, Failed},
		{"wide", without, []int{200}, Accepted},
		{"wide", without, []int{404, 429, 500}, Neutral},
		{"form", without, []int{200}, Failed},
		{"form", without, []int{302, 401, 403}, Neutral},
	} {
		rule := ruleOf(t, room, c, row.surface)
		for _, status := range row.statuses {
			got := rule.judge(status, row.credential)
			if got != row.want {
				t.Errorf("%s: %d, credential %v: %s, want %s", row.surface, status, row.credential,
					judgementNames[got], judgementNames[row.want])
			}
			if (got == Failed || got == undecided) && !rule.MayFail(row.credential) {
				t.Errorf("%s: %d, credential %v: %s, but that cannot fail", row.surface, status, row.credential, judgementNames[got])
			}
		}
	}
}

func TestJudgeGRPC(t *testing.T) {
	rule := &Rule{lockout: &config.Lockout{}}
	for status, want := range map[string]Judgement{
		"16": Failed, "0": Accepted, "": Neutral, "1": Neutral, "2": Neutral, "3": Neutral, "5": Neutral,
		"7": Neutral, "8": Neutral, "13": Neutral, "14": Neutral, "016": Neutral, "16 ": Neutral, "x": Neutral,
	} {
		if got := rule.judgeGRPC(status, true); got != want {
			t.Errorf("%q is %s, want %s", status, judgementNames[got], judgementNames[want])
		}
		if got := rule.judgeGRPC(status, false); got != Neutral {
			t.Errorf("%q without credential is %s", status, judgementNames[got])
		}
	}
	rule.lockout.CountAnonymous = true
	if got := rule.judgeGRPC("16", false); got != Failed {
		t.Errorf("16 without credential is %s where that counts", judgementNames[got])
	}
}

func TestMayFail(t *testing.T) {
	for _, kind := range []config.Kind{config.KindAPI, config.KindMCP, config.KindOAuthToken, config.KindOAuthConsent} {
		body := kind == config.KindOAuthToken || kind == config.KindOAuthConsent
		for _, anonymous := range []bool{false, true} {
			rule := &Rule{kind: kind, lockout: &config.Lockout{CountAnonymous: anonymous}}
			if !rule.MayFail(true) {
				t.Errorf("kind %d: a credential cannot fail", kind)
			}
			if got, want := rule.MayFail(false), anonymous || body; got != want {
				t.Errorf("kind %d, anonymous failures count: %v; a request without credential may fail: %v", kind, anonymous, got)
			}
		}
	}
}

func TestIsPlain(t *testing.T) {
	for encoding, want := range map[string]bool{"": true, "identity": true, "Identity": true, "gzip": false, "br": false, "identity, gzip": false} {
		if got := isPlain(encoding); got != want {
			t.Errorf("%q is plain: %v", encoding, got)
		}
	}
}
