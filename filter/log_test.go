package filter

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// secrets is an exchange that fails, of a request full of secrets.
func secrets(f *Filter, host *fakehost.Host) {
	exchange(f, host, hdr(":method", "GET", ":path", "/api/v1?key=query-secret", "authorization", "Bearer top-secret",
		"x-api-key", "key-secret", "cookie", "session=cookie-secret"), hdr(":status", "401"))
}

// TestAuditLines shows the lines about failures and refusals.
func TestAuditLines(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 2, "window": "1m"}},
		{"name": "shadow", "kind": "api", "match": [{"prefix": "/shadow"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`)
	secrets(f, host)
	host.Time += 500
	secrets(f, host)
	host.Time += 500
	secrets(f, host)
	exchange(f, host, get("/api/v1/..%2f..%2fshadow"), nil)
	shadow := with(get("/shadow"), "authorization", "x")
	exchange(f, host, shadow, hdr(":status", "401"))
	host.Time += 59_000
	exchange(f, host, shadow, hdr(":status", "200"))
	want := []string{
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=1 limit=2",
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=2 limit=2 locked_for=60",
		"gatewarden: refusal surface=rest client=192.0.2.1 reason=locked_out retry_after=59",
		"gatewarden: refusal client=192.0.2.1 reason=malformed",
		"gatewarden: failure surface=shadow client=192.0.2.1 reason=status_401 failures=1 limit=1 locked_for=60",
		"gatewarden: shadow refusal surface=shadow client=192.0.2.1 reason=locked_out retry_after=1",
	}
	if got := strings.Join(host.Log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestAuditKeepsSecrets shows that lines have nothing of a request except its address.
func TestAuditKeepsSecrets(t *testing.T) {
	for _, form := range []string{"full", "truncated", "hash"} {
		f, host := newFilter(t, `{"log": {"client": "`+form+`", "per_second": 1000},
			"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
			"surfaces": [
				{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "reset_on_success": true}},
				{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 2}}]}`)
		for i := 0; i < 6; i++ {
			secrets(f, host)
			host.Request = hdr(":method", "POST", ":path", "/token?x-secret", "authorization", basic("user-secret", "secret"))
			host.Response = hdr(":status", "400", "content-type", "application/json")
			host.ResponseData = []byte(`{"error":"invalid_grant","error_description":"secret"}`)
			s := f.NewStream()
			if s.RequestHeaders(false) == proxy.Continue {
				s.ResponseHeaders(false)
				s.ResponseBody(len(host.ResponseData), true)
			}
			s.Done()
		}
		if len(host.Log) < 12 {
			t.Fatalf("%q", host.Log)
		}
		for _, line := range host.Log {
			if strings.Contains(line, "secret") || strings.ContainsAny(line, "\n\r\x00") ||
				!regexp.MustCompile(`^gatewarden: (failure|refusal) surface=(rest|token) client=\S+ reason=(status_401|invalid_grant|locked_out)( [a-z_]+=\d+)+$`).MatchString(line) {
				t.Errorf("%q", line)
			}
			if form != "full" && strings.Contains(line, "192.0.2.1 ") {
				t.Errorf("%s: %q", form, line)
			}
		}
	}
}

// TestWarningsAtLoad shows that the warnings about a configuration are in the log.
func TestWarningsAtLoad(t *testing.T) {
	f, host := newFilter(t, `{"client": {"source": "xff-first"}}`)
	warnings := f.config.Warnings()
	newWorker(f, host)
	if len(warnings) != 1 || !slices.Equal(host.Log, []string{"gatewarden: " + warnings[0]}) {
		t.Errorf("%q, want %q", host.Log, warnings)
	}
}
