package example

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

func TestFailure(t *testing.T) {
	const conditions = `"failures_when": [{"status": ["4xx"]}, {"status": [302], "header": {"name": "Location", "contains": "/login?error"}},
		{"status": ["2xx"], "json": {"path": ["errors", "0", "a\"b"], "one_of": [true]}}, {"status": [200], "header": {"name": "x", "equals": "y"}}]`
	for _, row := range []struct {
		kind, lockout string
		status        int
		cause         string
		want          Response
		found         bool
	}{
		{"api", ``, 0, "", Response{Status: 401}, true},
		{"api", ``, 401, "", Response{Status: 401}, true},
		{"api", ``, 200, "", Response{}, false},
		{"oauth-token", ``, 400, "", Response{Status: 400, Body: []byte(`{"error":"invalid_client"}`)}, true},
		{"oauth-token", ``, 200, "bad_verification_code", Response{Status: 200, Body: []byte(`{"error":"bad_verification_code"}`)}, true},
		{"oauth-token", `"token_errors": ["no"]`, 403, "invalid_grant", Response{Status: 403, Body: []byte(`{"error":"no"}`)}, true},
		{"api", conditions, 0, "", Response{Status: 401}, true},
		{"api", conditions, 403, "", Response{Status: 403}, true},
		{"api", conditions, 302, "", Response{Status: 302, Headers: [][2]string{{"location", "/login?error"}}}, true},
		{"api", conditions, 200, "", Response{Status: 200, Body: []byte(`{"errors":{"0":{"a\"b":true}}}`)}, true},
		{"api", conditions, 200, "failures_when[3]", Response{Status: 200, Headers: [][2]string{{"x", "y"}}}, true},
		{"api", conditions, 200, "failures_when[1]", Response{Status: 200, Body: []byte(`{"errors":{"0":{"a\"b":true}}}`)}, true},
		{"api", conditions, 404, "", Response{}, false},
	} {
		c, err := config.Parse([]byte(`{"surfaces": [{"name": "a", "kind": "`+row.kind+`", "match": [{"path": "/a"}], "lockout": {`+row.lockout+`}}]}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, found := Failure(&c.Surfaces[0].Lockout, row.status, row.cause)
		if found != row.found || got.Status != row.want.Status || string(got.Body) != string(row.want.Body) || len(got.Headers) != len(row.want.Headers) ||
			len(got.Headers) > 0 && got.Headers[0] != row.want.Headers[0] {
			t.Errorf("%+v: %+v, %v", row, got, found)
		}
	}
}
