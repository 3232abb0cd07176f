package filter

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// bad is an exchange that counts as a failure.
func bad(f *Filter, host *fakeHost) {
	exchange(f, host, hdr(":method", "GET", ":path", "/api/v1?key=query-secret", "authorization", "Bearer top-secret",
		"x-api-key", "key-secret", "cookie", "session=cookie-secret"), hdr(":status", "401"))
}

// exchange plays a request without body and its response.
func exchange(f *Filter, host *fakeHost, request, response []Header) *Stream {
	host.request, host.response = request, response
	s := f.NewStream()
	if s.RequestHeaders(host, true) == Continue {
		host.request = nil // they are gone
		s.ResponseHeaders(host, true)
	}
	s.Done(host)
	return s
}

func TestAuditLines(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [
		{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 2, "window": "1m"}},
		{"name": "shadow", "kind": "api", "match": [{"prefix": "/shadow"}], "lockout": {"failures": 1, "mode": "shadow"}}]}`)
	bad(f, host)
	host.now += 500
	bad(f, host)
	host.now += 500
	bad(f, host)
	exchange(f, host, hdr(":method", "GET", ":path", "/api/v1/..%2f..%2fshadow"), nil)
	shadow := hdr(":method", "GET", ":path", "/shadow", "authorization", "x")
	exchange(f, host, shadow, hdr(":status", "401"))
	host.now += 59_000
	exchange(f, host, shadow, hdr(":status", "200"))
	want := []string{
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=1 limit=2",
		"gatewarden: failure surface=rest client=192.0.2.1 reason=status_401 failures=2 limit=2 locked_for=60",
		"gatewarden: refusal surface=rest client=192.0.2.1 reason=locked_out retry_after=59",
		"gatewarden: refusal client=192.0.2.1 reason=malformed",
		"gatewarden: failure surface=shadow client=192.0.2.1 reason=status_401 failures=1 limit=1 locked_for=60",
		"gatewarden: shadow refusal surface=shadow client=192.0.2.1 reason=locked_out retry_after=1",
	}
	if got := strings.Join(host.log, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestAuditLost(t *testing.T) {
	f, host := newFilter(t, "")
	host.races = 1_000_000
	bad(f, host)
	if len(host.log) != 1 || host.log[0] != "gatewarden: uncounted failure surface=rest client=192.0.2.1 reason=status_401" {
		t.Errorf("%q", host.log)
	}
	f.Flush(host)
	if host.value(t, "gatewarden_table_contended_total") != 1 || host.value(t, "gatewarden_auth_failures_total.surface.rest") != 1 {
		t.Error("the loss is in no metric")
	}
}

// Nothing that a request brings along is in a line, but its address.
func TestAuditKeepsSecrets(t *testing.T) {
	for _, form := range []string{"full", "truncated", "hash"} {
		f, host := newFilter(t, `{"log": {"client": "`+form+`", "per_second": 1000},
			"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session"]},
			"surfaces": [
				{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}], "lockout": {"failures": 3, "reset_on_success": true}},
				{"name": "token", "kind": "oauth-token", "match": [{"path": "/token"}], "lockout": {"failures": 2}}]}`)
		for i := 0; i < 6; i++ {
			bad(f, host)
			host.request = hdr(":method", "POST", ":path", "/token?x-secret", "authorization", basic("user-secret", "secret"))
			host.response = hdr(":status", "400", "content-type", "application/json")
			host.responseBody = []byte(`{"error":"invalid_grant","error_description":"secret"}`)
			s := f.NewStream()
			if s.RequestHeaders(host, false) == Continue {
				s.ResponseHeaders(host, false)
				s.ResponseBody(host, len(host.responseBody), true)
			}
			s.Done(host)
		}
		if len(host.log) < 12 {
			t.Fatalf("%q", host.log)
		}
		for _, line := range host.log {
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

func TestClientNames(t *testing.T) {
	for _, row := range []struct{ form, prefixes, address, want string }{
		{"full", "", "192.0.2.77:1", "192.0.2.77"},
		{"full", "", "[2001:db8:1:2:3::4]:1", "2001:db8:1:2::/64"},
		{"full", `"ipv4_prefix": 24, "ipv6_prefix": 128`, "192.0.2.77:1", "192.0.2.0/24"},
		{"full", `"ipv6_prefix": 128`, "[2001:db8:1:2:3::4]:1", "2001:db8:1:2:3::4"},
		{"full", "", "", "unknown"},
		{"truncated", "", "192.0.2.77:1", "192.0.2.0/24"},
		{"truncated", "", "[2001:db8:1:2:3::4]:1", "2001:db8:1::/48"},
		{"truncated", `"ipv4_prefix": 16, "ipv6_prefix": 32`, "192.0.2.77:1", "192.0.0.0/16"},
		{"truncated", `"ipv4_prefix": 16, "ipv6_prefix": 32`, "[2001:db8:1:2:3::4]:1", "2001:db8::/32"},
		{"truncated", `"ipv6_prefix": 128`, "[2001:db8:1:2:3::4]:1", "2001:db8:1::/48"},
		{"truncated", "", "junk", "unknown"},
		{"hash", "", "junk", "unknown"},
	} {
		f, host := newFilter(t, `{"log": {"client": "`+row.form+`"}, "client": {`+row.prefixes+`}}`)
		host.properties[sourceAddress] = row.address
		c := clientOf(&f.config.Client, host, nil)
		if got := f.clientName(&c); got != row.want {
			t.Errorf("%s of %s with %s is %s, want %s", row.form, row.address, row.prefixes, got, row.want)
		}
	}
}

func TestClientHashes(t *testing.T) {
	f, host := newFilter(t, `{"log": {"client": "hash"}}`)
	name := func(address string) string {
		host.properties[sourceAddress] = address
		c := clientOf(&f.config.Client, host, nil)
		return f.clientName(&c)
	}
	a := name("192.0.2.1:1")
	if !regexp.MustCompile(`^[0-9a-f]{1,16}$`).MatchString(a) || a != name("192.0.2.1:2") || a == name("192.0.2.2:1") {
		t.Errorf("%s, %s, %s", a, name("192.0.2.1:2"), name("192.0.2.2:1"))
	}
	other := New(f.config, host, [16]byte{9})
	c := keyOf(t, "", "192.0.2.1:1")
	if other.clientName(&c) == a {
		t.Error("the hash has no key")
	}
}

func TestAuditRate(t *testing.T) {
	a := audit{perSecond: 3}
	now := int64(5_000_000)
	script := []struct {
		after   int64
		lines   int
		written int
		omitted uint64
	}{
		{0, 10, 3, 7}, // a burst of a second's worth
		{333, 1, 0, 8},
		{1, 2, 1, 9}, // a third of a second is one line
		{1000, 5, 3, 11},
		{60_000, 5, 3, 13}, // nothing is saved up
		{-10_000, 2, 0, 15},
		{1000, 5, 3, 17},
	}
	for i, row := range script {
		now += row.after
		written := 0
		for n := 0; n < row.lines; n++ {
			if a.allow(now) {
				written++
			}
		}
		if written != row.written || a.omitted != row.omitted {
			t.Errorf("step %d: %d lines, %d omitted; want %d, %d", i, written, a.omitted, row.written, row.omitted)
		}
	}
	// Quiet seconds are not saved up, one by one.
	quiet := audit{perSecond: 3}
	for second := int64(1); second <= 20; second++ {
		quiet.allow(second * 1000)
	}
	burst := 0
	for quiet.allow(21_000) {
		burst++
	}
	if burst != 3 {
		t.Errorf("a burst of %d lines", burst)
	}
	// Over a long time it is the rate, whatever the steps.
	for _, step := range []int64{1, 7, 100, 334, 999, 1000} {
		a := audit{perSecond: 3, last: 1000}
		written := int64(0)
		for now := int64(1000); now < 101_000; now += step {
			if a.allow(now) {
				written++
			}
		}
		if want := min(100*3, 100_000/step+1); written > want+3 || written < want-3 {
			t.Errorf("every %d ms: %d lines in 100 s", step, written)
		}
	}
}

func TestAuditOmitted(t *testing.T) {
	f, host := newFilter(t, `{"log": {"per_second": 1}}`)
	for i := 0; i < 5; i++ {
		bad(f, host)
	}
	host.now += 1000
	bad(f, host)
	bad(f, host)
	host.now += 1000
	bad(f, host)
	want := []string{"failures=1 limit=20", "failures=6 limit=20 omitted_before=4", "failures=8 limit=20 omitted_before=1"}
	if len(host.log) != len(want) {
		t.Fatalf("%q", host.log)
	}
	for i := range want {
		if !strings.HasSuffix(host.log[i], want[i]) {
			t.Errorf("%q, want %q", host.log[i], want[i])
		}
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_log_suppressed_total"); got != 5 {
		t.Errorf("%d lines are counted as left out", got)
	}
}

func TestWarningsAtLoad(t *testing.T) {
	host := &fakeHost{}
	c := parseConfig(t, `{"client": {"source": "xff-first"}}`)
	New(c, host, testSeed)
	if want := fmt.Sprint("[gatewarden: ", c.Warnings()[0], "]"); fmt.Sprint(host.log) != want {
		t.Errorf("%q, want %q", host.log, want)
	}
}
