package introspect

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// All requests that present a token while it is looked up wait for one answer, whichever
// of them leaves.
func TestJoined(t *testing.T) {
	b := newTestBed(t, "")
	var requests []*testRequest
	for range 50 {
		r := b.begin("tok")
		if !r.Waits() {
			t.Fatal("it does not wait")
		}
		requests = append(requests, r)
	}
	other := b.begin("other")
	if len(b.sent) != 2 {
		t.Fatalf("%d calls", len(b.sent))
	}
	gone := map[int]bool{0: true, 7: true, 48: true, 49: true}
	for i := range gone {
		requests[i].Leave()
		requests[i].Leave() // once more changes nothing
		requests[i].Inquiry = Inquiry{}
	}
	b.sayTo(1, "200", `{"active":true}`)
	told := 0
	for i, r := range requests {
		if want := !gone[i]; r.id.Verified != want || r.told == 1 != want || r.IsOpen() || r.Waits() {
			t.Errorf("request %d: %+v", i, r)
		}
		told += r.told
	}
	if told != 46 || !other.Waits() {
		t.Errorf("%d were told", told)
	}
	b.lookups.Answered(1, len(b.answer)) // nobody asked again
	b.lookups.Answered(77, 0)
	for _, r := range requests {
		told -= r.told
	}
	if told != 0 {
		t.Error("an answer to no call")
	}
	const outcome = "gatewarden_introspections_total.outcome."
	if got, want := b.counted(), map[string]uint64{outcome + "active": 1, outcome + "joined": 49}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// All may have left: the answer is remembered.
func TestAnswerToNobody(t *testing.T) {
	b := newTestBed(t, "")
	r := b.begin("tok")
	r.Leave()
	b.say("200", `{"active":true}`)
	if again := b.begin("tok"); !again.id.Verified || len(b.sent) != 1 || r.told != 0 {
		t.Errorf("%+v, %d calls", again, len(b.sent))
	}
}

// A request that is told may end others that wait for the same answer.
func TestLeavingWhileOthersAreTold(t *testing.T) {
	for leaver := range 6 {
		b := newTestBed(t, "")
		var requests []*testRequest
		for range 6 {
			requests = append(requests, b.begin("tok"))
		}
		requests[2].then = func() { requests[leaver].Leave() }
		b.say("200", `{"active":true}`)
		for i, r := range requests {
			if want := i != leaver || leaver <= 2; r.told == 1 != want || r.id.Verified != want {
				t.Errorf("%d leaves: request %d was told %d times", leaver, i, r.told)
			}
		}
	}
}

// There are as many look-ups as there are made-up tokens, up to a bound, and one client
// does not take every place.
func TestManyTokens(t *testing.T) {
	b := newTestBed(t, "")
	refused := 0
	for client := range 10 {
		b.client.Key[1] = byte(client + 1)
		for i := range 100 {
			if r := b.begin("made-up-" + strconv.Itoa(client) + "-" + strconv.Itoa(i)); r.Failed() {
				refused++
			}
		}
		if want := min(64*(client+1), 256); len(b.sent) != want {
			t.Fatalf("%d calls, want %d", len(b.sent), want)
		}
	}
	if refused != 1000-256 || b.counted()["gatewarden_introspections_total.outcome.overload"] != 1000-256 {
		t.Errorf("%d refused", refused)
	}
	if !strings.HasPrefix(b.lines[0], "gatewarden: introspection error cluster=auth reason=too_many") || len(b.lines) != 10 {
		t.Errorf("%q", b.lines)
	}
	for i := range 256 {
		b.sayTo(uint32(i+1), "200", `{"active":false}`)
	}
	if n := len(b.lookups.byKey) + len(b.lookups.byNumber); n != 0 {
		t.Errorf("%d look-ups are left", n)
	}
}

// An allowed client may take every place.
func TestManyTokensOfTheAllowed(t *testing.T) {
	b := newTestBed(t, "")
	b.client.Allowed = true
	for i := range 300 {
		b.begin(strconv.Itoa(i))
	}
	if len(b.sent) != maxLookups {
		t.Errorf("%d calls", len(b.sent))
	}
}

// A call that the proxy does not make is like one without an answer.
func TestCallThatIsNotMade(t *testing.T) {
	b := newTestBed(t, "")
	b.noCalls = true
	r := b.begin("tok")
	if !r.Failed() || r.Waits() || r.IsOpen() || r.told != 0 || !strings.Contains(strings.Join(b.lines, ""), "reason=not_sent") {
		t.Errorf("%+v %v", r, b.lines)
	}
	if len(b.lookups.byKey)+len(b.lookups.byNumber) != 0 {
		t.Error("a look-up is in progress")
	}
}

// Another request may be answered between Identify and Ask.
func TestToldMeanwhile(t *testing.T) {
	for answer, want := range map[string]bool{`{"active":true}`: true, `{"active":false}`: false} {
		b := newTestBed(t, "")
		held := &testRequest{}
		b.server.Identify(&held.Inquiry, &held.id, "tok")
		b.begin("tok")
		b.say("200", answer)
		if held.Ask(&held.id, held.Told, &b.client) || held.id.Verified != want || held.IsOpen() || held.told != 0 || len(b.sent) != 1 {
			t.Errorf("%s: %+v, %d calls", answer, held, len(b.sent))
		}
	}
}

// The zero Inquiry has nothing to ask.
func TestZeroInquiry(t *testing.T) {
	var q Inquiry
	id := caller.Identity{Verified: true}
	if q.Leave(); q.Ask(&id, nil, &caller.Client{}) || q.IsOpen() || q.Waits() || q.Failed() || !id.Verified {
		t.Errorf("%+v %+v", q, id)
	}
}

func TestLookupCalls(t *testing.T) {
	b := newTestBed(t, "")
	b.begin("tok")
	b.begin("tok")
	b.say("200", `{"active":true}`)
	b.begin("other")
	b.say("503", "")
	if got := strings.Join(b.calls, ", "); got != "wall now, wall now, call, wall now, wall now, answer status, wall now, answer body, "+
		"wall now, wall now, call, answer status, now, log" {
		t.Error(got)
	}
}

// TestRandomWaits begins, leaves and answers at random: each token is looked up once at
// a time, a request that stays is told exactly once, and one that left never. The server
// gives no answer, so that nothing is remembered.
func TestRandomWaits(t *testing.T) {
	for seed := uint64(0); seed < 300; seed++ {
		random := rand.New(rand.NewPCG(seed, 2))
		b := newTestBed(t, `"on_error": "anonymous", `)
		waiting := map[string][]*testRequest{} // by token
		numbers := map[string]uint32{}         // of the calls that are not answered
		var left []*testRequest
		for range 200 {
			token := strconv.Itoa(random.IntN(4))
			switch move := random.IntN(10); {
			case move < 6:
				calls := len(b.sent)
				r := b.begin(token)
				waiting[token] = append(waiting[token], r)
				if _, asked := numbers[token]; !asked {
					calls++
					numbers[token] = uint32(calls)
				}
				if len(b.sent) != calls || !r.Waits() {
					t.Fatalf("seed %d: %d calls, want %d", seed, len(b.sent), calls)
				}
			case move < 8 && len(waiting[token]) > 0:
				i := random.IntN(len(waiting[token]))
				waiting[token][i].Leave()
				left = append(left, waiting[token][i])
				waiting[token] = slices.Delete(waiting[token], i, i+1)
			default:
				b.sayTo(numbers[token], "503", "")
				for _, r := range waiting[token] {
					if r.told != 1 || r.IsOpen() || r.Waits() {
						t.Fatalf("seed %d: %+v", seed, r)
					}
				}
				delete(waiting, token)
				delete(numbers, token)
			}
			if n := len(numbers); len(b.lookups.byKey) != n || len(b.lookups.byNumber) != n {
				t.Fatalf("seed %d: %d and %d look-ups, want %d", seed, len(b.lookups.byKey), len(b.lookups.byNumber), n)
			}
			for _, list := range waiting {
				if slices.ContainsFunc(list, func(r *testRequest) bool { return r.told != 0 }) {
					t.Fatalf("seed %d: told too early", seed)
				}
			}
		}
		if slices.ContainsFunc(left, func(r *testRequest) bool { return r.told != 0 }) {
			t.Fatalf("seed %d: told after it left", seed)
		}
	}
}
