package introspect

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/gatewarden/gatewarden/filter/caller"
)

// The server's answer decides about the request, and about later ones while the worker
// remembers it.
func TestOutcomes(t *testing.T) {
	anonymous := `"on_error": "anonymous", `
	for _, row := range []struct {
		name, fields, status, answer string
		verified, failed             bool
		reason                       string // in the log, for each request
		counts                       map[string]uint64
	}{
		{"active", "", "200", `{"active":true,"sub":"alice"}`, true, false, "", map[string]uint64{"active": 1, "cached": 1}},
		{"inactive", "", "200", `{"active":false}`, false, false, "", map[string]uint64{"inactive": 1, "cached": 1}},
		{"meant for another audience", `"audience": "me", `, "200", `{"active":true,"aud":"you"}`, false, false, "", map[string]uint64{"inactive": 1, "cached": 1}},
		{"no answer", "", "504", ``, false, true, "status_504", map[string]uint64{"error": 2}},
		{"no answer, and anonymous", anonymous, "503", ``, false, false, "status_503", map[string]uint64{"error": 2}},
		{"a wrong secret", "", "401", `{"error":"invalid_client"}`, false, true, "status_401", map[string]uint64{"error": 2}},
		{"no status at all", "", "", ``, false, true, "status_", map[string]uint64{"error": 2}},
		{"malformed", "", "200", `{"active":"yes"}`, false, true, "malformed", map[string]uint64{"error": 2}},
		{"too long", "", "200", `{"active":true,"a":"` + strings.Repeat("x", maxAnswer) + `"}`, false, true, "malformed", map[string]uint64{"error": 2}},
	} {
		b := newTestBed(t, row.fields)
		for range 2 {
			r := b.begin("tok")
			if r.Waits() {
				b.say(row.status, row.answer)
			}
			if r.IsOpen() || r.Waits() || r.id.Verified != row.verified || r.Failed() != row.failed {
				t.Errorf("%s: %+v", row.name, r)
			}
		}
		want := map[string]uint64{}
		for outcome, n := range row.counts {
			want["gatewarden_introspections_total.outcome."+outcome] = n
		}
		if got := b.counted(); row.reason == "" && len(b.lines) > 0 || got["gatewarden_log_suppressed_total"] > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v; %q", row.name, got, want, b.lines)
		}
		if row.reason != "" && !slices.Equal(b.lines, slices.Repeat([]string{"gatewarden: introspection error cluster=auth reason=" + row.reason}, 2)) {
			t.Errorf("%s: the log has %q", row.name, b.lines)
		}
	}
}

func TestIntrospectedIdentity(t *testing.T) {
	for _, row := range []struct {
		fields, answer string
		want           caller.Identity
	}{
		{"", `{"active":true,"sub":"alice","org":"acme","scope":"a b"}`, caller.Identity{Verified: true, Subject: "alice", Tenant: "acme", Scopes: []string{"a", "b"}}},
		{"", `{"active":true}`, caller.Identity{Verified: true}},
		{"", `{"active":false,"sub":"alice"}`, caller.Identity{}},
		{`"tier": "plan", "default_tier": "pro", `, `{"active":true,"plan":"free"}`, caller.Identity{Verified: true, Tier: "free"}},
		{`"tier": "plan", "default_tier": "pro", `, `{"active":true}`, caller.Identity{Verified: true, Tier: "pro"}},
		{`"tier": "plan", "default_tier": "pro", `, `{"active":false}`, caller.Identity{}},
	} {
		b := newTestBed(t, row.fields)
		asked, joined := b.begin("tok"), b.begin("tok")
		b.say("200", row.answer)
		for _, r := range []*testRequest{asked, joined, b.begin("tok")} {
			got := r.id
			if (got.Credential != 0) != got.Verified || got.Credential != asked.id.Credential {
				t.Errorf("%s: credential %d", row.answer, got.Credential)
			}
			if got.Credential = 0; !reflect.DeepEqual(got, row.want) {
				t.Errorf("%s: %+v", row.answer, got)
			}
		}
	}
}

// Without a name, each token is an identity of its own. With one, the name is.
func TestIntrospectedCredential(t *testing.T) {
	b := newTestBed(t, "")
	credential := func(token, answer string) uint64 {
		r := b.begin(token)
		b.say("200", answer)
		return r.id.Credential
	}
	if one, other := credential("a", `{"active":true}`), credential("b", `{"active":true}`); one == other {
		t.Error("two tokens without a name are one identity")
	}
	if one, other := credential("c", `{"active":true,"sub":"x"}`), credential("d", `{"active":true,"sub":"x"}`); one != other {
		t.Error("two tokens of one name are two identities")
	}
}

func TestLongTokensAreNotAskedAbout(t *testing.T) {
	for extra, asked := range []bool{true, false} {
		b := newTestBed(t, "")
		if r := b.begin(strings.Repeat("t", maxToken+extra)); r.Waits() != asked || len(b.sent) == 1 != asked {
			t.Errorf("%d bytes: %d calls", maxToken+extra, len(b.sent))
		}
	}
}

// The token belongs to the proxy, whose memory is gone when the body has been read.
func TestTokenIsCopied(t *testing.T) {
	b := newTestBed(t, "")
	lent := []byte("tok")
	r := &testRequest{}
	b.server.Identify(&r.Inquiry, &r.id, unsafe.String(&lent[0], len(lent)))
	copy(lent, "XXX")
	if r.Ask(&r.id, r.Told, &b.client); !strings.HasSuffix(string(b.sent[0].Body), "&token=tok") {
		t.Errorf("%s", b.sent[0].Body)
	}
}

// The filter does not copy an answer that is too long to be read.
func TestLongAnswersAreNotCopied(t *testing.T) {
	for extra, copied := range []bool{true, false} {
		b := newTestBed(t, "")
		b.begin("tok")
		b.say("200", strings.Repeat(" ", maxAnswer+extra))
		if got := slices.Contains(b.calls, "answer body"); got != copied {
			t.Errorf("%d bytes: copied: %v", maxAnswer+extra, got)
		}
	}
}

// A remembered token costs a look at the clock, and no memory.
func TestRememberedTokenCosts(t *testing.T) {
	b := newTestBed(t, "")
	r := b.begin("tok")
	b.say("200", `{"active":true,"sub":"alice"}`)
	b.calls = nil
	b.begin("tok")
	if got := strings.Join(b.calls, ", "); got != "wall now" {
		t.Error(got)
	}
	if n := testing.AllocsPerRun(100, func() {
		b.calls = b.calls[:0]
		b.server.Identify(&r.Inquiry, &r.id, "tok")
	}); n != 0 || !r.id.Verified {
		t.Errorf("%v allocations", n)
	}
}

// The worker uses no answer for longer than it holds.
func TestHowLongAnswersLast(t *testing.T) {
	for _, row := range []struct {
		name, answer string
		lasts        int64 // milliseconds
	}{
		{"active", `{"active":true}`, 60_000},
		{"expires later", `{"active":true,"exp":1800000061}`, 60_000},
		{"expires sooner", `{"active":true,"exp":1800000059}`, 59_000},
		{"inactive", `{"active":false}`, 10_000},
		{"expired", `{"active":true,"exp":1}`, 10_000},
	} {
		for _, after := range []int64{0, row.lasts - 1, row.lasts, -1} {
			b := newTestBed(t, "")
			b.begin("tok")
			b.say("200", row.answer)
			b.wall += after
			if asked, want := b.begin("tok").Waits(), after < 0 || after >= row.lasts; asked != want {
				t.Errorf("%s, after %d: asked again: %v", row.name, after, asked)
			}
		}
	}
}

// Two servers may say different things of one token.
func TestServersAreKeptApart(t *testing.T) {
	b := newTestBed(t, "")
	second := b.lookups.Server(parseSource(t, ""), 1)
	b.begin("tok")
	b.say("200", `{"active":true}`)
	r := &testRequest{}
	if second.Identify(&r.Inquiry, &r.id, "tok"); !r.IsOpen() {
		t.Error("the answer of another server")
	}
	b.begin("other")
	b.server = second
	if b.begin("other"); len(b.sent) != 3 {
		t.Errorf("%d calls: one look-up at two servers", len(b.sent))
	}
}

// However many made-up tokens are remembered, they evict no active one.
func TestMadeUpTokensEvictNoActiveOne(t *testing.T) {
	b := newTestBed(t, `"cache": {"entries": 16}, `)
	b.begin("good")
	b.say("200", `{"active":true}`)
	for i := range 100 {
		b.begin(strconv.Itoa(i))
		b.say("200", `{"active":false}`)
	}
	if r := b.begin("good"); !r.id.Verified {
		t.Error("an active token was evicted")
	}
}
