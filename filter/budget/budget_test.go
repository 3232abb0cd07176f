package budget

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/internal/breaker"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/journal"
)

const (
	reserves = `PUT /v1/reservations/KEY {"credits":40,"lifetime_seconds":60,"payer":{"tenant":"acme","subject":"ann","tier":"pro"},"surface":"mcp","calls":[{"tool":"paint","credits":40}]}`
	commits  = `POST /v1/reservations/KEY/commit {"credits":40}`
	refunds  = `POST /v1/reservations/KEY/refund {}`
)

// TestPaths takes a request that costs 40 along each path, with all that the service is
// asked, in order. An answer is "status body".
func TestPaths(t *testing.T) {
	unanswered := func(q *request) {}
	for _, row := range []struct {
		name string
		// answers are those to the first calls. then is what comes of the request, and later
		// are the answers to the calls that follow, one a second.
		answers string
		verdict verdict
		then    func(q *request)
		later   string
		calls   []string
		books   string
	}{
		{"paid", "200 {}", verdictGranted, func(q *request) { q.Commit() }, "200 {}", []string{reserves, commits}, "40 40 0 0"},
		{"paid once", "200 {}", verdictGranted, func(q *request) { q.Commit(); q.Commit(); q.Done(true) }, "200 {}", []string{reserves, commits}, "40 40 0 0"},
		{"given back", "200 {}", verdictGranted, func(q *request) { q.Done(true); q.Commit() }, "200 {}", []string{reserves, refunds}, "40 0 40 0"},
		{"done, and paid", "200 {}", verdictGranted, func(q *request) { q.Done(false) }, "200 {}", []string{reserves, commits}, "40 40 0 0"},
		{"a part failed", "200 {}", verdictGranted, func(q *request) { q.Refund(30); q.Commit() }, "200 {}",
			[]string{reserves, `POST /v1/reservations/KEY/commit {"credits":10}`}, "40 10 30 0"},
		{"all parts failed", "200 {}", verdictGranted, func(q *request) { q.Refund(30); q.Refund(10); q.Commit() }, "200 {}", []string{reserves, refunds}, "40 0 40 0"},
		{"more failed than there was", "200 {}", verdictGranted, func(q *request) { q.Refund(30); q.Refund(30); q.Commit() }, "200 {}", []string{reserves, refunds}, "40 0 40 0"},
		{"not enough", "402 {}", verdictExceeded, func(q *request) { q.Commit(); q.Done(true) }, "", []string{reserves}, "0 0 0 0"},
		{"asked again", "503 x,200 {}", verdictGranted, func(q *request) { q.Commit() }, "200 {}", []string{reserves, reserves, commits}, "40 40 0 0"},
		{"asked again in vain", "504 ,500 ", verdictUnavailable, unanswered, "200 {}", []string{reserves, reserves, refunds}, "0 0 0 0"},
		{"no status", " , ", verdictUnavailable, unanswered, "200 {}", []string{reserves, reserves, refunds}, "0 0 0 0"},
		{"an answer that is not one", "200 <html>,200 []", verdictUnavailable, unanswered, "200 {}", []string{reserves, reserves, refunds}, "0 0 0 0"},
		{"an answer that is too long", "200 {" + strings.Repeat(" ", maxAnswer) + "},429 ", verdictUnavailable, unanswered, "200 {}", []string{reserves, reserves, refunds}, "0 0 0 0"},
		{"the token is wrong", "401 {}", verdictUnavailable, unanswered, "", []string{reserves}, "0 0 0 0"},
		{"the key is known", "409 {}", verdictUnavailable, unanswered, "", []string{reserves}, "0 0 0 0"},
		{"not found", "404 {}", verdictUnavailable, unanswered, "", []string{reserves}, "0 0 0 0"},
		{"the settlement is repeated", "200 {}", verdictGranted, func(q *request) { q.Commit() }, "503 ,200 nothing,504 ,200 {}", []string{reserves, commits, commits, commits, commits}, "40 40 0 0"},
		{"it was settled differently", "200 {}", verdictGranted, func(q *request) { q.Commit() }, "409 {}", []string{reserves, commits}, "40 0 0 40"},
		{"it has ended", "200 {}", verdictGranted, func(q *request) { q.Commit() }, "404 {}", []string{reserves, commits}, "40 0 0 40"},
	} {
		w := newWorker(t, "", nil)
		q := w.ask(40)
		if !q.Waits() || q.told > 0 {
			t.Errorf("%s: does not wait", row.name)
		}
		w.answerAll(row.answers)
		if q.told != 1 || q.Waits() || q.verdict != row.verdict || q.Open() != (row.verdict == verdictGranted) {
			t.Errorf("%s: told %d times, verdict %d, open %v", row.name, q.told, q.verdict, q.Open())
		}
		row.then(q)
		w.answerAll(row.later)
		var calls []string
		for _, c := range w.host.Sent {
			calls = append(calls, line(c))
		}
		if !slices.Equal(calls, row.calls) || w.books() != row.books || q.Open() {
			t.Errorf("%s: books %s, open %v\n%s", row.name, w.books(), q.Open(), strings.Join(calls, "\n"))
		}
		if w.wait(60); w.underway() > 0 || len(w.due) > 0 || len(w.asked) > 0 {
			t.Errorf("%s: %d calls, %d due, %d asked", row.name, w.underway(), len(w.due), len(w.asked))
		}
		other := newWorker(t, "", w.host)
		if other.wait(2 * journal.Patience); len(other.host.Sent) > 0 {
			t.Errorf("%s: the journal still has it", row.name)
		}
	}
}

// answerAll answers calls, and waits for each.
func (w *worker) answerAll(list string) {
	w.t.Helper()
	if list == "" {
		return
	}
	for _, answer := range strings.Split(list, ",") {
		for range 100 {
			if w.underway() > 0 {
				break
			}
			w.wait(1)
		}
		status, body, _ := strings.Cut(answer, " ")
		w.answer(status, body)
	}
}

// TestHeaders holds the headers of a call: the token goes nowhere else.
func TestHeaders(t *testing.T) {
	w := newWorker(t, "", nil)
	w.ask(40)
	c := w.host.Sent[0]
	key := strings.TrimPrefix(fakehost.First(c.Headers, ":path"), "/v1/reservations/")
	want := fakehost.Headers(":method", "PUT", ":path", "/v1/reservations/"+key, ":scheme", "https", ":authority", "quota.example.com",
		"content-type", "application/json", "accept", "application/json", "authorization", "Bearer s3cret")
	if !reflect.DeepEqual(c.Headers, want) || c.Cluster != "quota" || c.Timeout != 1000 || len(key) != 32 {
		t.Errorf("%+v", c)
	}
	keys := map[string]bool{key: true}
	other := newWorker(t, "", w.host)
	for range 50 {
		w.ask(1)
		other.ask(1)
	}
	for _, c := range append(w.host.Sent[1:], other.host.Sent...) {
		if key := fakehost.First(c.Headers, ":path"); keys[key] {
			t.Fatalf("%s twice", key)
		} else {
			keys[key] = true
		}
	}
	w.answer("503", "")
	w.answer("200", "{}")
	if again := w.host.Sent[len(w.host.Sent)-1]; !reflect.DeepEqual(again, c) {
		t.Errorf("asks again with %+v", again)
	}
	for _, line := range w.host.Log {
		if strings.Contains(line, "s3cret") || strings.Contains(line, "ann") {
			t.Error(line)
		}
	}
}

// TestTheClientLeaves while the service is asked: what it grants is given back.
func TestTheClientLeaves(t *testing.T) {
	for _, row := range []struct {
		answers string
		calls   []string
	}{
		{"200 {},200 {}", []string{reserves, refunds}},
		{"503 ,200 {}", []string{reserves, refunds}}, // it may have been granted all the same
		{"402 {}", []string{reserves}},
		{"401 ", []string{reserves}},
	} {
		w := newWorker(t, "", nil)
		q := w.ask(40)
		q.Done(true)
		q.Begin(nil) // the next request
		w.answerAll(row.answers)
		var calls []string
		for _, c := range w.host.Sent {
			calls = append(calls, line(c))
		}
		if q.told > 0 || !slices.Equal(calls, row.calls) {
			t.Errorf("%q: told %d times\n%s", row.answers, q.told, strings.Join(calls, "\n"))
		}
	}
}

// TestBreaker lets the service fail: calls are refused at once then, and one a second, then
// every 2, 4 ... 30 seconds tries again. The first answer ends it.
func TestBreaker(t *testing.T) {
	w := newWorker(t, `, "mode": "enforce"`, nil)
	for range breaker.Tolerated {
		w.ask(1)
		w.answer("401", "")
	}
	failed := w.host.Time
	for i, delay := range []int64{1, 2, 4, 8, 16, 30, 30} {
		sent := len(w.host.Sent)
		w.host.Time = failed + 1000*delay - 1
		if q := w.ask(1); q.Waits() || q.verdict != verdictUnavailable || len(w.host.Sent) != sent {
			t.Errorf("trial %d: asked too early", i)
		}
		w.host.Time++
		trial := w.ask(1)
		if second := w.ask(1); !trial.Waits() || second.Waits() {
			t.Errorf("trial %d: %v, beside it %v", i, trial.Waits(), second.Waits())
		}
		if i == 6 {
			w.answer("402", "{}")
			break
		}
		w.answer("401", "")
		failed = w.host.Time
	}
	if q := w.ask(1); !q.Waits() || w.breaker.IsOpen() {
		t.Error("an answer did not close the breaker")
	}
	if w.count("reserve", "skipped") != 14 {
		t.Errorf("%d skipped", w.count("reserve", "skipped"))
	}
}

// TestClockStepsBack does not keep the breaker open, or settlements waiting.
func TestClockStepsBack(t *testing.T) {
	w := newWorker(t, "", nil)
	q := w.ask(40)
	w.answer("200", "{}")
	q.Commit()
	for range breaker.Tolerated {
		w.breaker.Failed(1, w.host.Time+3_600_000, breaker.LongestDelay, 0)
	}
	w.answer("503", "")
	w.host.Time -= 3_600_000
	if w.wait(1); w.underway() != 1 {
		t.Error("the settlement waits")
	}
}

// TestWorkersThatGoAway leaves a reservation in each state. Another worker settles it.
func TestWorkersThatGoAway(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(w *worker, q *request)
		want string
	}{
		{"asked for", func(*worker, *request) {}, refunds},
		{"granted", func(w *worker, _ *request) { w.answer("200", "{}") }, refunds},
		{"spent", func(w *worker, q *request) { w.answer("200", "{}"); q.Commit() }, commits},
		{"spent, unconfirmed", func(w *worker, q *request) { w.answer("200", "{}"); q.Commit(); w.answer("503", "") }, commits},
		{"spent in part", func(w *worker, q *request) { w.answer("200", "{}"); q.Refund(39); q.Commit() }, `POST /v1/reservations/KEY/commit {"credits":1}`},
		{"given back", func(w *worker, q *request) { w.answer("200", "{}"); q.Done(true) }, refunds},
		{"confirmed", func(w *worker, q *request) { w.answer("200", "{}"); q.Commit(); w.answer("200", "{}") }, ""},
		{"refused", func(w *worker, _ *request) { w.answer("402", "{}") }, ""},
	} {
		gone := newWorker(t, "", nil)
		row.do(gone, gone.ask(40))
		other, foreign := newWorker(t, "", gone.host), newWorker(t, `, "name": "x"`, gone.host)
		foreign.config.Path, foreign.journal = "/v2", journal.New(foreign.host, "another service")
		other.wait(journal.Patience + 1)
		foreign.wait(journal.Patience + 1)
		got := ""
		if other.underway() > 0 {
			got = line(other.answer("503", ""))
			if again := line(other.answerSoon("200", "{}")); again != got {
				t.Errorf("%s: repeats %s", row.name, again)
			}
		}
		if got != row.want || other.underway() > 0 || len(foreign.host.Sent) > 0 {
			t.Errorf("%s: %s, %d more, and %d of another service", row.name, got, other.underway(), len(foreign.host.Sent))
		}
	}
}

// answerSoon waits for a call and answers it.
func (w *worker) answerSoon(status, body string) (c *proxy.Call) {
	for range 60 {
		if w.underway() > 0 {
			return w.answer(status, body)
		}
		w.wait(1)
	}
	w.t.Fatal("no call")
	return nil
}

// TestAWorkerThatComesBack does not settle what another one has taken over.
func TestAWorkerThatComesBack(t *testing.T) {
	sleeper := newWorker(t, "", nil)
	q := sleeper.ask(40)
	sleeper.answer("200", "{}")
	other := newWorker(t, "", sleeper.host)
	other.wait(journal.Patience + 1)
	if got := line(other.answer("200", "{}")); got != refunds {
		t.Error(got)
	}
	if q.Commit(); sleeper.underway() > 0 || q.Open() {
		t.Error("settles it a second time")
	}
}

// TestLifetime ends while the service does not answer: then it gives the credits back by
// itself, and nothing is sent any more.
func TestLifetime(t *testing.T) {
	w := newWorker(t, "", nil)
	q := w.ask(40)
	w.answer("200", "{}")
	q.Commit()
	for range 60 {
		for w.underway() > 0 {
			w.answer("503", "")
		}
		w.wait(1)
	}
	if w.wait(60); w.underway() > 0 || len(w.due) > 0 || w.books() != "40 0 0 40" || w.count("commit", "lost") != 1 {
		t.Errorf("%d under way, %d due, books %s", w.underway(), len(w.due), w.books())
	}
	if n := w.count("commit", "error"); n < 5 || n > 8 {
		t.Errorf("%d calls in vain", n) // after 0, 1, 3, 7, 15, 31 seconds and so on
	}
}

// TestBounds asks for more than one worker asks for at a time.
func TestBounds(t *testing.T) {
	w := newWorker(t, "", nil)
	for range maxAsked {
		w.ask(1)
	}
	if q := w.ask(1); q.Waits() || !q.Refuses() {
		t.Error("asks for one more")
	}
	w.host.NoCalls = true
	w.answer("402", "{}")
	q := w.ask(1)
	if why, refused := q.Check(); !refused || why.Reason != refusal.StoreUnavailable {
		t.Errorf("the proxy cannot call, and it is %+v", why)
	}
}

// TestWhatCostsNothing asks nobody.
func TestWhatCostsNothing(t *testing.T) {
	w := newWorker(t, "", nil)
	for name, q := range map[string]*request{"free": w.ask(0), "elsewhere": {}} {
		q.Commit()
		q.Done(false)
		why, refused := q.Check()
		if q.Waits() || q.Open() || refused || q.Refuses() || q.NeedsPayer() || q.IsShadow() && name == "elsewhere" {
			t.Errorf("%s: %+v", name, why)
		}
	}
	elsewhere := &State{}
	elsewhere.Begin(w.Rule(3))
	elsewhere.Price(5)
	if elsewhere.NeedsPayer() || w.Rule(-1) != nil || w.Rule(99) != nil || len(w.host.Sent) > 0 {
		t.Error("a surface without a budget has one")
	}
	off := newWorker(t, `, "mode": "off"`, nil)
	off.host.Forget()
	if off.wait(5); off.Rule(mcp) != nil || len(off.host.Calls) > 0 {
		t.Error("the mode off is on")
	}
}

// TestShadow never refuses.
func TestShadow(t *testing.T) {
	w := newWorker(t, `, "mode": "shadow"`, nil)
	q := w.ask(40)
	w.answer("402", "{}")
	if why, refused := q.Check(); !refused || why.Reason != refusal.QuotaExceeded || q.Refuses() || !q.IsShadow() || q.NeedsPayer() {
		t.Errorf("%+v", why)
	}
}

// TestWords shows what a client is told.
func TestWords(t *testing.T) {
	for _, row := range []struct{ answer, want string }{
		{`402 {"left":12,"limit":100,"retry_after_seconds":60}`, `402 "This costs 40 credits, and credits has 12 of 100 left. Try again in 60 seconds." ,"rule":"credits","cost":40,"left":12,"limit":100`},
		{`402 {"left":12,"limit":100}`, `402 "This costs 40 credits, and credits has 12 of 100 left." ,"rule":"credits","cost":40,"left":12,"limit":100`},
		{`402 {"left":12,"limit":30,"retry_after_seconds":60}`, `402 "This costs 40 credits, more than all 30 of credits. Waiting does not help." ,"rule":"credits","cost":40,"left":12,"limit":30`},
		{`402 {"left":0}`, `402 "This costs 40 credits, and credits has 0 left." ,"rule":"credits","cost":40,"left":0`},
		{`402 {}`, `402 "This costs 40 credits, and credits has not enough left." ,"rule":"credits","cost":40`},
		{`402 {"left":-1,"limit":"\"x\"","retry_after_seconds":1e99}`, `402 "This costs 40 credits, and credits has not enough left." ,"rule":"credits","cost":40`},
		{`401 {}`, `503 "This costs credits, and it cannot be found out at the moment whether there are enough. Try again in 5 seconds." `},
	} {
		status, body, _ := strings.Cut(row.answer, " ")
		w := newWorker(t, "", nil)
		q := w.ask(40)
		w.answer(status, body)
		why, _ := q.Check()
		words := q.Words(&why)
		if got := strconv.Itoa(words.Status) + ` "` + words.Message + `" ` + words.More; got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.answer, got, row.want)
		}
		q.Refused()
		w.metrics.Flush()
		if n := w.host.Value(t, "gatewarden_rate_limited_requests_total.surface.mcp.reason."+string(why.Reason)); n != 1 {
			t.Errorf("%s: counted %d times", row.answer, n)
		}
	}
}

// TestHeadersOfResponses shows what responses say of the budget.
func TestHeadersOfResponses(t *testing.T) {
	for _, row := range []struct {
		mode, answer, want string
	}{
		{"enforce", `200 {"left":60,"limit":100,"reset_seconds":3600}`, `ratelimit-policy: "credits";q=100;qu="credits", ratelimit: "credits";r=60;t=3600, `},
		{"enforce", `200 {"left":0,"limit":100}`, `ratelimit-policy: "credits";q=100;qu="credits", ratelimit: "credits";r=0, `},
		{"enforce", `200 {"left":60}`, `ratelimit: "credits";r=60, `},
		{"enforce", `200 {"limit":60}`, ``},
		{"enforce", `200 {}`, ``},
		{"enforce", `402 {"left":12,"limit":100,"retry_after_seconds":9}`, `ratelimit-policy: "credits";q=100;qu="credits", ratelimit: "credits";r=12;t=9, `},
		{"enforce", `401 {"left":12}`, ``},
		{"shadow", `200 {"left":60,"limit":100,"reset_seconds":3600}`, ``},
	} {
		w := newWorker(t, `, "mode": "`+row.mode+`"`, nil)
		q := w.ask(40)
		status, body, _ := strings.Cut(row.answer, " ")
		w.answer(status, body)
		w.host.Response = fakehost.Headers("access-control-allow-origin", "*")
		q.AddHeaders(refusal.Origin{Named: true})
		got, exposed := "", false
		for _, h := range w.host.Response[1:] {
			if h.Name == refusal.ExposeHeaders {
				exposed = h.Value == "RateLimit, RateLimit-Policy"
				continue
			}
			got += h.Name + ": " + h.Value + ", "
		}
		if got != row.want || exposed != (row.want != "") {
			t.Errorf("%s %s: %s (exposed %v)", row.mode, row.answer, got, exposed)
		}
	}
}
