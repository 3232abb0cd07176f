package filter

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// left is what a rule says is left to who asks for nothing but that.
func left(f *Filter, host *fakeHost, who identity, path, name string) uint32 {
	host.request = get(path)
	s := f.NewStream()
	s.identity = who
	t, _ := readRequest(host.request)
	s.surface, _ = f.classify(&t)
	s.chooseQuotas(&t)
	s.client = clientOf(&f.config.Client, host, nil)
	s.nameCharges()
	for i := range s.charges {
		if c := &s.charges[i]; c.quota.Name == name {
			s.look(c, 0, host.now)
			return c.left
		}
	}
	return 1<<32 - 1
}

// What one rule refuses costs the others nothing, whichever of them it is.
func TestRefusedByOneRuleCostsTheOthersNothing(t *testing.T) {
	for narrow := range 3 {
		var rules []string
		for i := range 3 {
			limit := 100
			if i == narrow {
				limit = 2
			}
			rules = append(rules, rule(fmt.Sprint("r", i), limit, ""))
		}
		f, host := newFilter(t, quotaConfig(rules...))
		for range 10 {
			ask(f, host, nobody, get("/api"))
		}
		if len(host.replies) != 8 {
			t.Errorf("rule %d: %d refused", narrow, len(host.replies))
		}
		for i := range 3 {
			if got := left(f, host, nobody, "/api", fmt.Sprint("r", i)); i != narrow && got != 98 {
				t.Errorf("rule %d has %d left after rule %d refused", i, got, narrow)
			}
		}
		f.Flush(host)
		for i := range 3 {
			refused := uint64(0)
			if i == narrow {
				refused = 8
			}
			name := fmt.Sprint("gatewarden_quota_requests_total.rule.r", i, ".outcome.")
			if host.value(t, name+"admitted") != 2 || host.value(t, name+"refused") != refused {
				t.Errorf("rule %d: %v\n%v", i, host.names, host.values)
			}
		}
	}
}

// Another worker comes in between, before each of the host calls of a request: it
// takes the last that there is. What was taken until then is given back.
func TestALostRaceGivesBack(t *testing.T) {
	rules := quotaConfig(rule("a", 10, ""), rule("b", 3, ""), rule("c", 10, ""))
	lost := 0
	for in := 1; in < 15; in++ {
		f, host := newFilter(t, rules)
		other := New(parseConfig(t, rules), host, testSeed)
		ask(f, host, nobody, get("/api"))
		ask(f, host, nobody, get("/api"))
		host.forget()
		replies := 0
		host.in, host.meanwhile = in, func() {
			ask(other, host, nobody, get("/api"))
			replies = len(host.replies)
			host.forget()
		}
		ask(f, host, nobody, get("/api"))
		if host.meanwhile != nil {
			continue // there were not so many calls
		}
		refused := len(host.replies)
		if refused+replies != 1 {
			t.Errorf("in call %d: of two for the last place, %d were refused", in, refused+replies)
		}
		for _, name := range []string{"a", "c"} {
			if got := left(f, host, nobody, "/api", name); got != 7 {
				t.Errorf("in call %d: %d left at %s, want 7", in, got, name)
			}
		}
		lost += refused
	}
	if lost < 3 {
		t.Errorf("only %d races were lost: the test shows nothing", lost)
	}
}

// A rule that only watches refuses nobody, and counts as it would.
func TestQuotaShadow(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("watching", 2, `, "mode": "shadow"`), rule("all", 4, "")))
	for range 6 {
		s := ask(f, host, nobody, get("/api"))
		if got := allOf(host.response, rateLimitPolicy); len(host.replies) == 0 && fmt.Sprint(got) != `["all";q=4;w=60]` {
			t.Errorf("%q, %v", got, s.charges)
		}
	}
	f.Flush(host)
	for name, want := range map[string]uint64{
		"gatewarden_quota_requests_total.rule.watching.outcome.admitted":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.shadowed":            2,
		"gatewarden_quota_requests_total.rule.watching.outcome.refused":             0,
		"gatewarden_quota_requests_total.rule.all.outcome.admitted":                 4,
		"gatewarden_quota_requests_total.rule.all.outcome.refused":                  2,
		"gatewarden_quota_unverified_total.rule.all":                                0,
		"gatewarden_requests_total.surface.rest.outcome.passed":                     2,
		"gatewarden_requests_total.surface.rest.outcome.shadowed":                   2,
		"gatewarden_requests_total.surface.rest.outcome.refused":                    2,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.quota_exceeded": 2,
		"gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out":     0,
		"gatewarden_rate_limited_requests_total.surface.mcp.reason.quota_exceeded":  0,
		"gatewarden_quota_table_evictions_total":                                    0,
	} {
		if got := host.value(t, name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	log := strings.Join(host.log, "\n")
	if strings.Count(log, "gatewarden: shadow refusal surface=rest client=192.0.2.1 reason=quota_exceeded rule=watching retry_after=60") != 2 ||
		strings.Count(log, "gatewarden: refusal surface=rest client=192.0.2.1 reason=quota_exceeded rule=all retry_after=60") != 2 {
		t.Errorf("%s", log)
	}
}

// What was not verified pays by its address, and that is counted.
func TestUnverifiedIsCounted(t *testing.T) {
	f, host := newFilter(t, quotaConfig(`{"name": "q", "per": ["subject"], "limit": 3, "window": "1m"}`))
	ask(f, host, identity{verified: true, subject: "ann"}, get("/api"))
	for range 5 {
		ask(f, host, nobody, get("/api"))
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_quota_unverified_total.rule.q"); got != 5 || len(host.replies) != 2 {
		t.Errorf("%d unverified, %d refused", got, len(host.replies))
	}
}

// Lockouts come first: who is locked out spends nothing, and a quota that is used
// up is no failure.
func TestLockoutComesFirst(t *testing.T) {
	f, host := newFilter(t, quotaConfig(rule("all", 5, "")))
	bad := append(get("/api"), Header{"authorization", "x"})
	for range 3 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	for range 9 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	if got := left(f, host, nobody, "/api", "all"); got != 2 || len(host.replies) != 9 {
		t.Fatalf("%d left, %d refused", got, len(host.replies))
	}
	for _, r := range host.replies {
		if r.Details != "gatewarden_locked_out" {
			t.Errorf("%s", r.Details)
		}
	}
	host.now += 60_000
	host.forget()
	for range 5 {
		exchange(f, host, get("/api"), hdr(":status", "200"))
	}
	for range 9 {
		exchange(f, host, bad, hdr(":status", "401"))
	}
	for _, r := range host.replies {
		if r.Details != "gatewarden_quota_exceeded" {
			t.Errorf("%s", r.Details)
		}
	}
	f.Flush(host)
	if got := host.value(t, "gatewarden_auth_failures_total.surface.rest"); got != 3 {
		t.Errorf("%d failures", got)
	}
}

// A client on the allow list is never locked out, and held to quotas all the same.
func TestAllowedClientsHaveQuotas(t *testing.T) {
	f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"client": {"allow": ["192.0.2.0/24"]}, `, 1))
	for range 2 {
		exchange(f, host, get("/api"), hdr(":status", "401"))
	}
	if len(host.replies) != 1 || host.replies[0].Details != "gatewarden_quota_exceeded" {
		t.Errorf("%v", host.replies)
	}
}

const accountQuota = `{"allow_on_headers_stop_iteration": %v, "surfaces": [
	{"name": "login", "kind": "oauth-consent", "match": [{"prefix": "/login"}],
	 "lockout": {"account_fields": ["user"], "pending": 1, "keys": [{"per": ["account"], "failures": 1}], "mode": "%s"}}],
	"quotas": [{"name": "all", "per": ["client"], "limit": 2, "window": "1m"}]}`

// A form is charged before its body comes. What a lockout refuses after that is given
// back where its headers were held; where they were not, the service has had them, and
// that is paid for.
func TestFormsAreChargedOnce(t *testing.T) {
	form := hdr(":method", "POST", ":path", "/login", "content-type", "application/x-www-form-urlencoded")
	for _, row := range []struct {
		name, mode, body string
		hold             bool
		status           int // of a refusal
		left             uint32
	}{
		{"it passes", "enforce", "user=ann", true, 0, 1},
		{"it passes, not held", "enforce", "user=ann", false, 0, 1},
		{"slowed down", "enforce", "user=bob", true, 429, 2},
		{"slowed down, not held", "enforce", "user=bob", false, 429, 1},
		{"two accounts", "enforce", "user=ann&user=bob", true, 400, 2},
		{"two accounts, not held", "enforce", "user=ann&user=bob", false, 400, 1},
		{"slowed down in shadow mode", "shadow", "user=bob", true, 0, 1},
		{"two accounts in shadow mode", "shadow", "user=ann&user=bob", true, 0, 1},
	} {
		f, host := newFilter(t, fmt.Sprintf(accountQuota, row.hold, row.mode))
		for range 2 { // bob is slowed down now
			host.request, host.response, host.requestBody = form, hdr(":status", "401"), []byte("user=bob")
			s := f.NewStream()
			s.RequestHeaders(host, false)
			s.RequestBody(host, len(host.requestBody), true)
			s.ResponseHeaders(host, true)
			s.Done(host)
		}
		host.now += 60_000 // the quota is whole again
		host.forget()
		s := f.NewStream()
		host.requestBody = []byte(row.body)
		// Another attempt has taken bob's turn.
		if strings.HasPrefix(row.body, "user=bob") {
			other := f.NewStream()
			host.properties[sourceAddress] = "192.0.2.3:1"
			other.RequestHeaders(host, false)
			other.RequestBody(host, len(host.requestBody), true)
			host.properties[sourceAddress] = "192.0.2.1:1"
			host.forget()
		}
		action := s.RequestHeaders(host, false)
		if (action == Pause) != row.hold {
			t.Fatalf("%s: action %d at the headers", row.name, action)
		}
		s.RequestBody(host, len(row.body), true)
		if status := replied(host); status != row.status {
			t.Errorf("%s: %d, %v", row.name, status, host.replies)
		}
		if got := left(f, host, nobody, "/login", "all"); got != row.left {
			t.Errorf("%s: %d left, want %d", row.name, got, row.left)
		}
		if row.status != 0 {
			if got := first(host.replies[0].Headers, xRateLimitLeft); got != fmt.Sprint(row.left) {
				t.Errorf("%s: the reply says that %s are left", row.name, got)
			}
		}
	}
}

func replied(host *fakeHost) int {
	if len(host.replies) == 0 {
		return 0
	}
	return host.replies[0].Status
}

// What a quota refuses takes no place among the pending attempts.
func TestOverQuotaIsNotPending(t *testing.T) {
	f, host := newFilter(t, `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"failures": 2, "pending": 1}}],
		"quotas": [{"name": "reads", "per": ["client"], "limit": 1, "window": "1m", "methods": ["GET"]}]}`)
	attempt := func(method string) []Header { return hdr(":method", method, ":path", "/api", "authorization", "x") }
	host.request = attempt("GET")
	f.NewStream().RequestHeaders(host, true) // and it stays under way
	for range 10 {
		exchange(f, host, attempt("GET"), nil)
	}
	if len(host.replies) != 10 {
		t.Fatalf("%d refused", len(host.replies))
	}
	if exchange(f, host, attempt("POST"), hdr(":status", "200")); len(host.replies) != 10 {
		t.Errorf("%+v", host.replies[10])
	}
}

// TestHeldOverQuota: an MCP request that a quota refuses is held for its id, and
// goes on if there is enough again by then.
func TestHeldOverQuota(t *testing.T) {
	const body = `{"jsonrpc":"2.0","id":"x7","method":"tools/list"}`
	for _, later := range []int64{0, 60_000} {
		f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"allow_on_headers_stop_iteration": true, `, 1))
		request := hdr(":method", "POST", ":path", "/mcp", "content-type", "application/json")
		exchange(f, host, request, hdr(":status", "200"))
		host.request, host.requestBody = request, []byte(body)
		s := f.NewStream()
		if s.RequestHeaders(host, false) != Pause || len(host.replies) != 0 {
			t.Fatal("not held")
		}
		host.now += later
		action := s.RequestBody(host, len(body), true)
		if later > 0 {
			if action != Continue || len(host.replies) != 0 || left(f, host, nobody, "/mcp", "all") != 0 {
				t.Errorf("it does not go on: %v", host.replies)
			}
			continue
		}
		const want = `{"jsonrpc":"2.0","id":"x7","error":{"code":429,"message":"Rate limit exceeded. Try again in 60 seconds.",` +
			`"data":{"reason":"quota_exceeded","retryAfter":60}}}`
		if len(host.replies) != 1 || string(host.replies[0].Body) != want {
			t.Fatalf("%s", host.replies[0].Body)
		}
		f.Flush(host)
		if got := host.value(t, "gatewarden_quota_requests_total.rule.all.outcome.refused"); got != 1 {
			t.Errorf("%d refused", got)
		}
	}
}

// A table without a place refuses nobody, and says so.
func TestNoPlaceForAQuota(t *testing.T) {
	f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 1, "")), "{", `{"table": {"quotas": 1024}, `, 1))
	const clients = 4000
	for round, want := range []struct{ full, refused int }{{clients - 1024, 0}, {2 * (clients - 1024), 1024}} {
		for i := range clients {
			host.properties[sourceAddress] = fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)
			ask(f, host, nobody, get("/api"))
		}
		f.Flush(host)
		full, refused := host.value(t, "gatewarden_quota_table_full_total"), len(host.replies)
		if int(full) != want.full || refused != want.refused {
			t.Errorf("round %d: %d found no place, %d were refused; want %+v", round, full, refused, want)
		}
	}
	if got := host.value(t, "gatewarden_quota_table_evictions_total"); got != 0 {
		t.Errorf("%d who had nothing left were evicted", got)
	}
}

// Whoever has itself evicted comes back with what it had, or less.
func TestEvictedClientsGetNoMore(t *testing.T) {
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		f, host := newFilter(t, strings.Replace(quotaConfig(rule("all", 20, `, "algorithm": "`+algorithm+`"`)), "{", `{"table": {"quotas": 1024}, `, 1))
		served := func(client, times int) (n int) {
			host.properties[sourceAddress] = fmt.Sprintf("10.%d.%d.%d:1", client/65536, client/256%256, client%256)
			for range times {
				host.forget()
				if ask(f, host, nobody, get("/api")); len(host.replies) == 0 {
					n++
				}
			}
			return n
		}
		const victims = 100
		for i := range victims {
			served(i, 15)
		}
		for i := range 1500 { // clients that matter more, but are not locked
			served(victims+i, 18)
		}
		evicted := 0
		for i := range victims {
			host.properties[sourceAddress] = fmt.Sprintf("10.0.0.%d:1", i)
			if left(f, host, nobody, "/api", "all") == 20 {
				evicted++
			}
			full := f.metrics.quotas.full.pending
			if more := served(i, 20); more > 5 && f.metrics.quotas.full.pending == full {
				t.Errorf("%s: client %d got 15 and then %d", algorithm, i, more)
			}
		}
		if evicted < victims/2 {
			t.Errorf("%s: only %d were evicted", algorithm, evicted)
		}
	}
}

// locked is shared data for workers that run at the same time.
type locked struct {
	*fakeHost
	mu    *sync.Mutex
	share *fakeHost
}

func (h locked) Get(key []byte) ([]byte, uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.share.calls = nil
	value, cas, found := h.share.Get(key)
	return append([]byte(nil), value...), cas, found
}

func (h locked) Set(key, value []byte, cas uint32) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.share.calls = nil
	return h.share.Set(key, value, cas)
}

// TestWorkersInParallelAdmitTheLimit: 8 workers at once, of which none waits for
// another, admit what is allowed and not one more, window after window, for each
// algorithm and with several rules.
func TestWorkersInParallelAdmitTheLimit(t *testing.T) {
	const workers, clients = 8, 5
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		// Every request has to be counted by both rules, and the second one is
		// narrower for all clients together.
		config := quotaConfig(rule("client", 500, `, "algorithm": "`+algorithm+`"`),
			`{"name": "all", "per": ["path"], "limit": 2000, "window": "1m", "algorithm": "`+algorithm+`"}`)
		share := &fakeHost{}
		var mu sync.Mutex
		for window := range int64(3) {
			var admitted [clients]atomic.Int64
			var group sync.WaitGroup
			for w := range workers {
				own := locked{&fakeHost{now: 1_000_000 + window*300_000, properties: map[string]string{}}, &mu, share}
				f := New(parseConfig(t, config), own, testSeed)
				group.Add(1)
				go func() {
					defer group.Done()
					for i := range 4000 {
						client := (i + w) % clients
						own.properties[sourceAddress] = fmt.Sprintf("192.0.2.%d:1", client)
						own.request, own.response = get("/api"), hdr(":status", "200")
						own.forget()
						s := f.NewStream()
						if s.RequestHeaders(own, true) == Continue {
							admitted[client].Add(1)
						}
					}
				}()
			}
			group.Wait()
			total := int64(0)
			for i := range admitted {
				total += admitted[i].Load()
				if admitted[i].Load() > 500 {
					t.Errorf("%s: client %d got %d", algorithm, i, admitted[i].Load())
				}
			}
			if total != 2000 {
				t.Errorf("%s, window %d: %d admitted of 2000", algorithm, window, total)
			}
		}
	}
}

// A window that a former configuration began ends by the new one's measure, counted
// once from when it was first asked about: who asks again and again while there is
// nothing left must not put it off.
func TestAShorterWindowIsWaitedForOnce(t *testing.T) {
	for _, algorithm := range []string{"fixed_window", "sliding_window", "gcra"} {
		for _, more := range [][]string{nil, {rule("other", 100, "")}} {
			rules := func(window string) string {
				return quotaConfig(append(more, `{"name": "all", "per": ["client"], "limit": 4, "window": "`+window+`", "algorithm": "`+algorithm+`"}`)...)
			}
			f, host := newFilter(t, rules("1h"))
			for range 4 {
				ask(f, host, nobody, get("/api"))
			}
			f = New(parseConfig(t, rules("1m")), host, testSeed)
			refusals := 0
			for ; refusals < 300; refusals++ {
				host.forget()
				if ask(f, host, nobody, get("/api")); len(host.replies) == 0 {
					break
				}
				host.now += 1_000
			}
			if refusals < 15 || refusals > 120 {
				t.Errorf("%s, %d rules: refused for %d seconds", algorithm, len(more)+1, refusals)
			}
		}
	}
}

// Who a quota refuses takes no turn at an account either, so that it can keep nobody
// from it, and is told of the quota, also where its headers were held meanwhile.
func TestOverQuotaTakesNoTurn(t *testing.T) {
	for _, hold := range []string{"false", "true"} {
		f, host := newFilter(t, `{"allow_on_headers_stop_iteration": `+hold+`, "surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}],
			"lockout": {"keys": [{"per": ["account"], "failures": 1}]}}],
			"quotas": [`+rule("all", 1, "")+`]}`)
		attempt := func(address string) (details string) {
			host.forget()
			host.properties[sourceAddress] = address
			host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "Basic YW5uOng=") // ann
			host.response, host.requestBody = hdr(":status", "401"), []byte("{}")
			s := f.NewStream()
			if action := s.RequestHeaders(host, false); action == Continue || hold == "true" && len(host.replies) == 0 {
				s.RequestBody(host, 2, true)
			}
			if len(host.replies) > 0 {
				return host.replies[0].Details
			}
			s.ResponseHeaders(host, true)
			return ""
		}
		for i, row := range []struct{ address, want string }{
			{"192.0.2.1:1", ""},
			{"192.0.2.1:1", "gatewarden_quota_exceeded"},
			{"192.0.2.1:1", "gatewarden_quota_exceeded"},
			{"192.0.2.2:1", ""},
			{"192.0.2.3:1", "gatewarden_rate_limited"},
			{"192.0.2.1:1", "gatewarden_rate_limited"},
		} {
			if got := attempt(row.address); got != row.want {
				t.Errorf("held %s, attempt %d: %q, want %q", hold, i+1, got, row.want)
			}
		}
	}
}

// A request that was held for its id may be free to go when its body comes. Its form
// is read then as if it had never been held: who times its body well gains nothing.
func TestHeldFormsAreRead(t *testing.T) {
	for _, row := range []struct {
		name, body string
		trailers   bool
		want       string
	}{
		{"an account that is locked", "user=bob", false, "gatewarden_locked_out"},
		{"and trailers", "user=bob", true, "gatewarden_locked_out"},
		{"two accounts", "user=ann&user=bob", false, "gatewarden_malformed"},
		{"a long form", "user=ann&x=" + strings.Repeat("x", maxAccountForm), false, "gatewarden_malformed"},
		{"another account", "user=ann", false, ""},
	} {
		f, host := newFilter(t, `{"allow_on_headers_stop_iteration": true, "surfaces": [{"name": "mcp", "kind": "mcp", "match": [{"prefix": "/mcp"}],
			"lockout": {"account_fields": ["user"], "keys": [{"per": ["account"], "failures": 1, "window": "1h", "action": "lock"}]}}],
			"quotas": [`+rule("all", 1, "")+`]}`)
		send := func(body string, wait int64, trailers bool) {
			host.request = hdr(":method", "POST", ":path", "/mcp", "authorization", "x", "content-type", "application/x-www-form-urlencoded")
			host.response, host.requestBody = hdr(":status", "401"), []byte(body)
			s := f.NewStream()
			s.RequestHeaders(host, false)
			host.now += wait
			action := s.RequestBody(host, len(body), !trailers)
			if trailers {
				action = s.RequestTrailers(host)
			}
			if action == Continue {
				s.ResponseHeaders(host, true)
			}
		}
		send("user=bob", 0, false)
		send(row.body, 60_000, row.trailers)
		got := ""
		if len(host.replies) > 0 {
			got = host.replies[0].Details
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Another worker takes the turn at an account in between: the request that is behind
// is refused, and pays nothing for it.
func TestALostTurnGivesBack(t *testing.T) {
	const config = `{"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}],
		"lockout": {"pending": 3, "mode": "%s", "keys": [{"per": ["account"], "failures": 1}]}}],
		"quotas": [{"name": "all", "per": ["client"], "limit": 10, "window": "1m"}]}`
	ann := hdr(":method", "GET", ":path", "/api", "authorization", "Basic YW5uOng=")
	for mode, want := range map[string]struct{ lost, left int }{"enforce": {1, 8}, "shadow": {0, 7}} {
		seen := 0
		for in := 1; in < 20; in++ {
			f, host := newFilter(t, fmt.Sprintf(config, mode))
			other := New(parseConfig(t, fmt.Sprintf(config, mode)), host, testSeed)
			exchange(f, host, ann, hdr(":status", "401"))
			theirs := 0
			host.in, host.meanwhile = in, func() {
				exchange(other, host, ann, hdr(":status", "500"))
				theirs = len(host.replies)
				host.forget()
			}
			exchange(f, host, ann, hdr(":status", "500"))
			if host.meanwhile != nil {
				continue // there were not so many calls
			}
			lost := theirs + len(host.replies)
			if got := left(f, host, nobody, "/api", "all"); lost != want.lost || int(got) != want.left {
				t.Errorf("%s, in call %d: %d of two refused, %d left", mode, in, lost, got)
			}
			seen += len(host.replies)
		}
		if mode == "enforce" && seen < 3 {
			t.Errorf("only %d were behind: the test shows nothing", seen)
		}
	}
}
