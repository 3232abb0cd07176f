package filter

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

var judgementNames = map[judgement]string{neutral: "neutral", accepted: "accepted", failed: "failed", undecided: "undecided"}

func TestJudge(t *testing.T) {
	f, _ := newFilter(t, `{"surfaces": [
		{"name": "api", "kind": "api", "match": [{"prefix": "/api"}]},
		{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}]},
		{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}]},
		{"name": "consent", "kind": "oauth-consent", "match": [{"path": "/consent"}]},
		{"name": "wide", "kind": "api", "match": [{"prefix": "/wide"}], "lockout": {"statuses": [401, 403], "count_anonymous": true}},
		{"name": "form", "kind": "oauth-consent", "match": [{"path": "/form"}], "lockout": {"statuses": [200]}}]}`)
	const with, without = true, false
	for _, row := range []struct {
		surface    string
		credential bool
		statuses   []int
		want       judgement
	}{
		{"api", with, []int{401}, failed},
		{"api", with, []int{200, 201, 204, 206, 299}, accepted},
		{"api", with, []int{100, 101, 301, 302, 304, 400, 402, 403, 404, 405, 413, 422, 429, 500, 502, 503, 504, 0}, neutral},
		{"api", without, []int{200, 401, 403, 500, 0}, neutral},
		{"mcp", with, []int{401}, failed},
		{"mcp", with, []int{200, 202}, accepted},
		{"mcp", with, []int{400, 403, 404, 413, 429, 500, 503}, neutral},
		{"mcp", without, []int{200, 401, 403}, neutral},
		{"token", with, []int{401}, failed},
		{"token", without, []int{401}, failed},
		{"token", with, []int{400}, undecided},
		{"token", without, []int{400}, undecided},
		{"token", without, []int{200}, accepted},
		{"token", without, []int{403, 404, 413, 429, 500, 503, 302}, neutral},
		{"consent", without, []int{401, 403, 422}, failed},
		{"consent", with, []int{401, 403, 422}, failed},
		{"consent", without, []int{302, 303, 400, 404, 429, 500}, neutral},
		{"consent", without, []int{200}, accepted},
		{"wide", without, []int{401, 403}, failed},
		{"wide", with, []int{401, 403}, failed},
		{"wide", without, []int{200}, accepted},
		{"wide", without, []int{404, 429, 500}, neutral},
		{"form", without, []int{200}, failed},
		{"form", without, []int{302, 401, 403}, neutral},
	} {
		for i := range f.surfaces {
			for _, status := range row.statuses {
				if s := &f.surfaces[i]; s.Name == row.surface {
					if got := judge(s, status, row.credential); got != row.want {
						t.Errorf("%s: %d, credential %v: %s, want %s", s.Name, status, row.credential,
							judgementNames[got], judgementNames[row.want])
					}
				}
			}
		}
	}
}

func TestJudgeGRPC(t *testing.T) {
	s := &surface{Surface: &config.Surface{}}
	for status, want := range map[string]judgement{
		"16": failed, "0": accepted, "": neutral, "1": neutral, "2": neutral, "3": neutral, "5": neutral,
		"7": neutral, "8": neutral, "13": neutral, "14": neutral, "016": neutral, "16 ": neutral, "x": neutral,
	} {
		if got := judgeGRPC(s, status, true); got != want {
			t.Errorf("%q is %s, want %s", status, judgementNames[got], judgementNames[want])
		}
		if got := judgeGRPC(s, status, false); got != neutral {
			t.Errorf("%q without credential is %s", status, judgementNames[got])
		}
	}
	s.Lockout.CountAnonymous = true
	if got := judgeGRPC(s, "16", false); got != failed {
		t.Errorf("16 without credential is %s where that counts", judgementNames[got])
	}
}

func TestIsGRPC(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/grpc": true, "application/grpc+proto": true, "application/grpc+json": true,
		"application/grpc;charset=x": true, "application/grpc ": true,
		"application/grpc-web": false, "application/grpc-web+proto": false, "application/grpcx": false,
		"application/json": false, "": false, "application/gr": false,
	} {
		if got := isGRPC(contentType); got != want {
			t.Errorf("%q is gRPC: %v", contentType, got)
		}
	}
}

func TestCountsTokenError(t *testing.T) {
	for _, code := range []string{"", "invalid_request", "unsupported_grant_type", "invalid_scope", "unauthorized_client",
		"invalid_target", "authorization_pending", "slow_down", "expired_token", "access_denied", "use_dpop_nonce",
		"Invalid_client", "invalid_client ", "invalid_clients", "invalid_grant\x00"} {
		if countsTokenError(code) {
			t.Errorf("%q counts", code)
		}
	}
	for _, code := range []string{"invalid_client", "invalid_grant"} {
		if !countsTokenError(code) {
			t.Errorf("%q does not count", code)
		}
	}
}

func TestIsReadableJSON(t *testing.T) {
	for _, row := range []struct {
		contentType, encoding string
		want                  bool
	}{
		{"application/json", "", true},
		{"Application/JSON", "", true},
		{"application/json;charset=UTF-8", "", true},
		{" application/json ; charset=utf-8", "", true},
		{"application/json", "identity", true},
		{"application/json", "gzip", false},
		{"application/json", "br", false},
		{"application/json", "identity, gzip", false},
		{"", "", false},
		{"text/html", "", false},
		{"application/jsonp", "", false},
		{"application/x-www-form-urlencoded", "", false},
	} {
		if got := isReadableJSON(row.contentType, row.encoding); got != row.want {
			t.Errorf("%q, %q can be read: %v", row.contentType, row.encoding, got)
		}
	}
}

func TestParseStatus(t *testing.T) {
	for in, want := range map[string]int{"200": 200, "401": 401, "": 0, "x": 0, "20x": 0, "99999999999999999999": 0} {
		if got := parseStatus(in); got != want {
			t.Errorf("%q is %d", in, got)
		}
	}
}
