package filter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// maxForm is how much of a form is read, in bytes.
const maxForm = 64 << 10

// TestWatchedForm shows that a body that only a report depends on is not held. The account
// is what the filter has read until the response.
func TestWatchedForm(t *testing.T) {
	for _, row := range []struct {
		name     string
		chunks   []string // of the first request's body
		trailers bool
		end      bool
		reports  uint64 // after two more accounts
	}{
		{"in one piece", []string{"user=alice"}, false, true, 1},
		{"in pieces", []string{"us", "er=al", "ice"}, false, true, 1},
		{"with an empty last piece", []string{"user=alice", ""}, false, true, 1},
		{"before trailers", []string{"user=alice"}, true, false, 1},
		{"a response before the end", []string{"user=alice&pass"}, false, false, 1},
		{"no account yet", []string{"pass=x"}, false, false, 0},
		{"two accounts", []string{"user=alice&us", "er=dave"}, false, true, 0},
		{"no body", nil, false, false, 0},
	} {
		f, host := newFilter(t, distinctConfig)
		send := func(chunks []string, trailers, end bool) {
			host.Request = hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
			host.Response = hdr(":status", "401")
			s := f.NewStream()
			if s.RequestHeaders(false) != proxy.Continue {
				t.Errorf("%s: headers are held", row.name)
			}
			for i, chunk := range chunks {
				host.RequestData = []byte(chunk) // the proxy holds no more than the chunk
				if s.RequestBody(len(chunk), end && i == len(chunks)-1) != proxy.Continue {
					t.Errorf("%s: chunk %d is held", row.name, i)
				}
			}
			if trailers && s.RequestTrailers() != proxy.Continue {
				t.Errorf("%s: trailers are held", row.name)
			}
			s.ResponseHeaders(true)
			s.Done()
		}
		send(row.chunks, row.trailers, row.end)
		send([]string{"user=bob"}, false, true)
		send([]string{"user=carol"}, false, true)
		if got := sum(t, host, "gatewarden_stuffing_total.surface.login", f); got != row.reports || len(host.Replies) != 0 {
			t.Errorf("%s: %d reports, replies %v", row.name, got, host.Replies)
		}
	}
}

const accountQuota = `{"allow_on_headers_stop_iteration": %v, "surfaces": [
	{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
	 "lockout": {"account_fields": ["user"], "pending": 1, "keys": [{"per": ["account"], "failures": 1}], "mode": "%s"}}],
	"quotas": [{"name": "all", "per": ["client"], "limit": 2, "window": "1m"}]}`

// TestFormsAreChargedOnce shows that a form is charged before its body arrives. If a lockout
// then refuses it, it pays nothing if its headers were held. Otherwise the service has had the
// headers, and the request pays.
func TestFormsAreChargedOnce(t *testing.T) {
	login := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	for _, row := range []struct {
		name, mode, body string
		hold             bool
		status           string // of a refusal
		left             uint32
	}{
		{"it passes", "enforce", "user=ann", true, "", 1},
		{"it passes, headers not held", "enforce", "user=ann", false, "", 1},
		{"slowed down", "enforce", "user=bob", true, "429", 2},
		{"slowed down, headers not held", "enforce", "user=bob", false, "429", 1},
		{"two accounts", "enforce", "user=ann&user=bob", true, "400", 2},
		{"two accounts, headers not held", "enforce", "user=ann&user=bob", false, "400", 1},
		{"slowed down in shadow mode", "shadow", "user=bob", true, "", 1},
		{"two accounts in shadow mode", "shadow", "user=ann&user=bob", true, "", 1},
	} {
		f, host := newFilter(t, fmt.Sprintf(accountQuota, row.hold, row.mode))
		for range 2 { // afterwards, bob is slowed down
			form(f, host, login, "user=bob", hdr(":status", "401"))
		}
		host.Time += 60_000 // nothing of the quota is spent
		host.Forget()
		s := f.NewStream()
		host.RequestData = []byte(row.body)
		// Another attempt has taken bob's turn.
		if strings.HasPrefix(row.body, "user=bob") {
			other := f.NewStream()
			from(host, "192.0.2.3")
			other.RequestHeaders(false)
			other.RequestBody(len(host.RequestData), true)
			from(host, "192.0.2.1")
			host.Forget()
		}
		action := s.RequestHeaders(false)
		if (action == proxy.Pause) != row.hold {
			t.Fatalf("%s: action %d at the headers", row.name, action)
		}
		s.RequestBody(len(row.body), true)
		if got := status(host); got != row.status {
			t.Errorf("%s: %q, %v", row.name, got, host.Replies)
		}
		if got := left(f, host, "/login", "all"); got != row.left {
			t.Errorf("%s: %d left, want %d", row.name, got, row.left)
		}
		if refused := row.mode == "shadow"; strings.Contains(strings.Join(host.Log, "\n"), "shadow refusal") != refused {
			t.Errorf("%s: the log has %q", row.name, host.Log)
		}
		if row.status != "" {
			if s.lockout.HoldsSlot() {
				t.Errorf("%s: the refused request holds its slot", row.name)
			}
			if got := fakehost.First(host.Replies[0].Headers, rateLimitLeft); got != fmt.Sprint(row.left) {
				t.Errorf("%s: the reply says that %s are left", row.name, got)
			}
		}
	}
}

// TestHeldFormsAreRead shows that the form of a request that was held for its id is read
// although the request may go on by then: a client gains nothing by sending its body late.
func TestHeldFormsAreRead(t *testing.T) {
	for _, row := range []struct {
		name, body string
		trailers   bool
		want       string
	}{
		{"a locked account", "user=bob", false, "gatewarden_locked_out"},
		{"a locked account, before trailers", "user=bob", true, "gatewarden_locked_out"},
		{"two accounts", "user=ann&user=bob", false, "gatewarden_malformed"},
		{"a long form", "user=ann&x=" + strings.Repeat("x", maxForm), false, "gatewarden_malformed"},
		{"another account", "user=ann", false, ""},
	} {
		f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true, "surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}],
			"lockout": {"account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "window": "1h", "action": "lock"}]}}],
			"quotas": [`+rule("all", 1, "")+`]}`)
		send := func(body string, wait int64, trailers bool) {
			host.Request = hdr(":method", "POST", ":path", "/mcp", "authorization", "x", "content-type", "application/x-www-form-urlencoded")
			host.Response, host.RequestData = hdr(":status", "401"), []byte(body)
			s := f.NewStream()
			s.RequestHeaders(false)
			host.Time += wait
			action := s.RequestBody(len(body), !trailers)
			if trailers {
				action = s.RequestTrailers()
			}
			if action == proxy.Continue {
				s.ResponseHeaders(true)
			}
		}
		send("user=bob", 0, false)
		send(row.body, 60_000, row.trailers)
		got := ""
		if len(host.Replies) > 0 {
			got = host.Replies[0].Details
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if contentType := "application/problem+json"; got == "gatewarden_malformed" && fakehost.First(host.Replies[0].Headers, "content-type") != contentType {
			t.Errorf("%s: %+v", row.name, host.Replies[0])
		}
	}
}

// TestAwaitedForm shows that a request whose account may be refused is held until the pieces
// of its form have named the account, and no longer.
func TestAwaitedForm(t *testing.T) {
	for _, row := range []struct {
		name     string
		pieces   []string // each is all that has arrived so far
		end      bool
		trailers bool
		want     string // the status of a refusal
	}{
		{"in one piece", []string{"user=bob"}, true, false, "429"},
		{"in pieces", []string{"us", "user=b", "user=bob"}, true, false, "429"},
		{"with an empty last piece", []string{"user=bob", "user=bob"}, true, false, "429"},
		{"before trailers", []string{"us", "user=bob"}, false, true, "429"},
		{"two accounts, and more to come", []string{"user=ann&", "user=ann&user=b"}, false, false, "400"},
		{"another account, in pieces", []string{"user=b", "user=bobby"}, true, false, ""},
		{"another account, before trailers", []string{"user=ann"}, false, true, ""},
		{"no account", []string{"x=bob"}, true, false, ""},
		{"nothing but trailers", nil, false, true, ""},
	} {
		for _, hold := range []bool{false, true} {
			f, host := newFilter(t, fmt.Sprintf(`{"allow_on_headers_stop_iteration": %v, "surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
				"lockout": {"account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}}]}`, hold))
			login := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
			form(f, host, login, "user=bob", hdr(":status", "401"))
			host.Forget()
			host.Request = login
			s := f.NewStream()
			if got := s.RequestHeaders(false); (got == proxy.Pause) != hold {
				t.Errorf("%s: action %d for the headers", row.name, got)
			}
			action := proxy.Pause
			for i, piece := range row.pieces {
				if action != proxy.Pause || len(host.Replies) > 0 {
					t.Errorf("%s: piece %d is not held", row.name, i)
				}
				host.RequestData = []byte(piece)
				action = s.RequestBody(len(piece), row.end && i == len(row.pieces)-1)
			}
			if row.trailers {
				action = s.RequestTrailers()
			}
			if status(host) != row.want || (action == proxy.Pause) != (row.want != "") {
				t.Errorf("%s: action %d, status %q", row.name, action, status(host))
			}
		}
	}
}

// TestWatchedFormIsReadNoFurther shows that a form that names two accounts costs nothing more.
func TestWatchedFormIsReadNoFurther(t *testing.T) {
	f, host := newFilter(t, distinctConfig)
	host.Request = hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	s := f.NewStream()
	s.RequestHeaders(false)
	host.Forget()
	for _, piece := range []string{"user=ann&user=bob", "&user=carol", "&x=y"} {
		host.RequestData = []byte(piece)
		if s.RequestBody(len(piece), false) != proxy.Continue {
			t.Errorf("%s is held", piece)
		}
	}
	if got := taken(host); got != "request body" {
		t.Errorf("the form costs %s", got)
	}
}

// TestKnownGoodAndAccounts shows that a known-good credential in the headers excuses the account
// in a form, except where logging in is what the form is for.
func TestKnownGoodAndAccounts(t *testing.T) {
	for kind, want := range map[string]string{"api": "", "oauth-consent": "429"} {
		f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true, "surfaces": [{"name": "login", "kind": "`+kind+`", "match": [{"prefix": "/login"}],
			"lockout": {"pending": 1, "account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}}]}`)
		good := hdr(":method", "POST", ":path", "/login", "authorization", "Bearer good")
		exchange(f, host, good, hdr(":status", "200"))
		login := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
		form(f, host, with(login, "authorization", "Bearer bad"), "user=bob", hdr(":status", "401"))
		if form(f, host, with(login, "authorization", "Bearer good"), "user=bob", hdr(":status", "200")); status(host) != want {
			t.Errorf("%s: %q, want %q", kind, status(host), want)
		}
		// An account in the headers is excused on every kind.
		right, wrong := hdr(":method", "POST", ":path", "/login", "authorization", basic("carol", "right")), basic("carol", "wrong")
		exchange(f, host, right, hdr(":status", "200"))
		exchange(f, host, hdr(":method", "POST", ":path", "/login", "authorization", wrong), hdr(":status", "401"))
		host.Forget()
		if exchange(f, host, right, hdr(":status", "200")); status(host) != "" {
			t.Errorf("%s: %+v", kind, host.Replies[0])
		}
		if exchange(f, host, hdr(":method", "POST", ":path", "/login", "authorization", wrong), nil); status(host) != "429" {
			t.Errorf("%s: the account is not locked", kind)
		}
	}
}

// TestResponseBeforeAnAwaitedForm shows that a response to the headers alone counts for no
// account, because the form may go on.
func TestResponseBeforeAnAwaitedForm(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
		"lockout": {"account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "action": "lock"}]}}]}`)
	login := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	host.Request, host.RequestData, host.Response = login, []byte("user=bob"), hdr(":status", "401")
	s := f.NewStream()
	s.RequestHeaders(false)
	s.RequestBody(8, false)
	s.ResponseHeaders(true)
	s.Done()
	if form(f, host, login, "user=bob", hdr(":status", "401")); status(host) != "" {
		t.Error("bob is locked out")
	}
	if form(f, host, login, "user=bob", hdr(":status", "401")); status(host) != "429" {
		t.Error("bob is not locked out")
	}
}
