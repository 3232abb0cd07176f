package quotaservice_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/quotaservice"
)

// key is a key that is made from a digit.
func key(digit string) string { return strings.Repeat(digit, 32) }

// wants is a request to reserve.
func wants(tenant string, credits, lifetime int) string {
	return fmt.Sprintf(`{"credits":%d,"lifetime_seconds":%d,"payer":{"tenant":%q,"subject":"ann","tier":"pro"},"surface":"mcp","calls":[{"tool":"draw","credits":%d}]}`,
		credits, lifetime, tenant, credits)
}

func spends(credits int) string { return fmt.Sprintf(`{"credits":%d}`, credits) }

// step is a request after some time, and what it gets.
type step struct {
	after     time.Duration
	operation string
	key, body string
	status    int
	answer    string
}

const (
	reserve = ""
	commit  = "/commit"
	refund  = "/refund"
)

func TestRules(t *testing.T) {
	accounts := []quotaservice.Account{
		{Tenant: "acme", Limit: 10, Window: "1h"}, {Tenant: "globex", Limit: 10, Window: quotaservice.Month}, {Tenant: "", Limit: 1, Window: quotaservice.Day},
	}
	const left0, left6 = `{"left":0,"limit":10,"reset_seconds":3600}`, `{"left":6,"limit":10,"reset_seconds":3600}`
	for name, steps := range map[string][]step{
		"the limit, and not one credit more": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("2"), wants("acme", 7, 60), 402, `{"left":6,"limit":10,"retry_after_seconds":3600}`},
			{0, reserve, key("3"), wants("acme", 6, 60), 200, left0},
			{0, reserve, key("4"), wants("acme", 1, 60), 402, `{"left":0,"limit":10,"retry_after_seconds":3600}`},
		},
		"waiting does not help": {
			{0, reserve, key("1"), wants("acme", 11, 60), 402, `{"left":10,"limit":10}`},
			{0, reserve, key("1"), wants("nobody", 1, 60), 402, `{"left":0,"limit":0}`},
		},
		"a refusal is not remembered": {
			{0, reserve, key("1"), wants("acme", 8, 60), 200, `{"left":2,"limit":10,"reset_seconds":3600}`},
			{0, reserve, key("2"), wants("acme", 4, 60), 402, `{"left":2,"limit":10,"retry_after_seconds":3600}`},
			{0, refund, key("1"), "", 200, `{"state":"refunded","credits":8}`},
			{0, reserve, key("2"), wants("acme", 4, 60), 200, left6},
		},
		"callers without a tenant have an account, too": {
			{0, reserve, key("1"), wants("", 1, 60), 200, `{"left":0,"limit":1,"reset_seconds":43200}`},
		},
		"repeats change nothing": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, commit, key("1"), spends(4), 200, `{"state":"committed","credits":4}`},
			{0, commit, key("1"), spends(4), 200, `{"state":"committed","credits":4}`},
			{0, reserve, key("2"), wants("acme", 4, 60), 200, `{"left":2,"limit":10,"reset_seconds":3600}`},
			{0, refund, key("2"), "", 200, `{"state":"refunded","credits":4}`},
			{0, refund, key("2"), "", 200, `{"state":"refunded","credits":4}`},
			{0, reserve, key("3"), wants("acme", 6, 60), 200, left0},
		},
		"a repeat says what is left now": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("2"), wants("acme", 6, 60), 200, left0},
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left0},
		},
		"a part is spent, and the rest given back": {
			{0, reserve, key("1"), wants("acme", 10, 60), 200, left0},
			{0, commit, key("1"), spends(4), 200, `{"state":"committed","credits":4}`},
			{0, commit, key("1"), spends(5), 409, `{"state":"committed","credits":4}`},
			{0, refund, key("1"), "", 409, `{"state":"committed","credits":4}`},
			{0, reserve, key("2"), wants("acme", 6, 60), 200, left0},
		},
		"more than is reserved is not spent": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, commit, key("1"), spends(5), 422, `{"error":"fewer credits are reserved"}`},
			{0, commit, key("1"), spends(4), 200, `{"state":"committed","credits":4}`},
		},
		"another body": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("1"), wants("acme", 5, 60), 422, `{"error":"the key is that of another reservation"}`},
			{0, reserve, key("1"), wants("acme", 4, 61), 422, `{"error":"the key is that of another reservation"}`},
			{0, reserve, key("1"), wants("globex", 4, 60), 422, `{"error":"the key is that of another reservation"}`},
			{0, reserve, key("1"), strings.Replace(wants("acme", 4, 60), "draw", "drop", 1), 422, `{"error":"the key is that of another reservation"}`},
		},
		"the same body in another spelling": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("1"), strings.ReplaceAll(wants("acme", 4, 60), ":", " : "), 200, left6},
		},
		"what has ended does not begin again": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, commit, key("1"), spends(3), 200, `{"state":"committed","credits":3}`},
			{0, reserve, key("1"), wants("acme", 4, 60), 409, `{"state":"committed","credits":3}`},
			{0, reserve, key("2"), wants("acme", 4, 60), 200, `{"left":3,"limit":10,"reset_seconds":3600}`},
			{0, refund, key("2"), "", 200, `{"state":"refunded","credits":4}`},
			{0, reserve, key("2"), wants("acme", 4, 60), 409, `{"state":"refunded","credits":4}`},
			{0, commit, key("2"), spends(4), 409, `{"state":"refunded","credits":4}`},
		},
		"a commit of what nobody reserved": {
			{0, commit, key("1"), spends(1), 404, `{"error":"no reservation has this key"}`},
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
		},
		"a request to reserve after its refund": {
			{0, refund, key("1"), "", 200, `{"state":"refunded","credits":0}`},
			{time.Minute, reserve, key("1"), wants("acme", 4, 60), 409, `{"state":"refunded","credits":0}`},
			{0, commit, key("1"), spends(4), 409, `{"state":"refunded","credits":0}`},
			{0, refund, key("1"), "", 200, `{"state":"refunded","credits":0}`},
			{0, reserve, key("2"), wants("acme", 10, 60), 200, `{"left":0,"limit":10,"reset_seconds":3540}`},
		},
		"a lifetime ends": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{0, reserve, key("2"), wants("acme", 6, 61), 200, left0},
			{time.Minute - time.Millisecond, reserve, key("3"), wants("acme", 4, 60), 402, `{"left":0,"limit":10,"retry_after_seconds":3541}`},
			{time.Millisecond, reserve, key("3"), wants("acme", 4, 60), 200, `{"left":0,"limit":10,"reset_seconds":3540}`},
			{0, commit, key("1"), spends(4), 409, `{"state":"expired","credits":4}`},
			{0, refund, key("1"), "", 200, `{"state":"expired","credits":4}`},
			{0, reserve, key("1"), wants("acme", 4, 60), 409, `{"state":"expired","credits":4}`},
			{0, commit, key("2"), spends(6), 200, `{"state":"committed","credits":6}`},
		},
		"a commit in time": {
			{0, reserve, key("1"), wants("acme", 4, 60), 200, left6},
			{time.Minute - time.Millisecond, commit, key("1"), spends(4), 200, `{"state":"committed","credits":4}`},
		},
		"the next window begins in full": {
			{0, reserve, key("1"), wants("acme", 10, 60), 200, left0},
			{0, commit, key("1"), spends(10), 200, `{"state":"committed","credits":10}`},
			{time.Hour - time.Millisecond, reserve, key("2"), wants("acme", 1, 60), 402, `{"left":0,"limit":10,"retry_after_seconds":1}`},
			{time.Millisecond, reserve, key("2"), wants("acme", 1, 60), 200, `{"left":9,"limit":10,"reset_seconds":3600}`},
		},
		"what comes back from an earlier window": {
			{59 * time.Minute, reserve, key("1"), wants("acme", 4, 120), 200, `{"left":6,"limit":10,"reset_seconds":60}`},
			{0, reserve, key("2"), wants("acme", 3, 120), 200, `{"left":3,"limit":10,"reset_seconds":60}`},
			{0, reserve, key("3"), wants("acme", 3, 120), 200, `{"left":0,"limit":10,"reset_seconds":60}`},
			{time.Minute, reserve, key("4"), wants("acme", 10, 60), 200, left0},
			{0, refund, key("1"), "", 200, `{"state":"refunded","credits":4}`},
			{0, commit, key("2"), spends(1), 200, `{"state":"committed","credits":1}`},
			{0, reserve, key("5"), wants("acme", 1, 60), 402, `{"left":0,"limit":10,"retry_after_seconds":3600}`},
			{time.Minute - time.Millisecond, reserve, key("5"), wants("acme", 1, 60), 402, `{"left":0,"limit":10,"retry_after_seconds":3541}`},
			{time.Millisecond, commit, key("3"), spends(3), 409, `{"state":"expired","credits":3}`},
			{0, refund, key("4"), "", 200, `{"state":"expired","credits":10}`},
			{0, reserve, key("6"), wants("acme", 10, 60), 200, `{"left":0,"limit":10,"reset_seconds":3540}`},
		},
		"a month ends in UTC": {
			{36*time.Hour - time.Second, reserve, key("1"), wants("globex", 10, 60), 200, `{"left":0,"limit":10,"reset_seconds":1}`},
			{time.Second, reserve, key("2"), wants("globex", 1, 60), 200, fmt.Sprintf(`{"left":9,"limit":10,"reset_seconds":%d}`, 31*24*3600)},
		},
		"a day ends in UTC": {
			{12*time.Hour - time.Second, reserve, key("1"), wants("", 1, 60), 200, `{"left":0,"limit":1,"reset_seconds":1}`},
			{time.Second, reserve, key("2"), wants("", 1, 60), 200, `{"left":0,"limit":1,"reset_seconds":86400}`},
		},
		"a clock that steps back begins no window anew": {
			{time.Hour, reserve, key("1"), wants("acme", 6, 60), 200, `{"left":4,"limit":10,"reset_seconds":3600}`},
			{-time.Second, reserve, key("2"), wants("acme", 10, 60), 200, `{"left":0,"limit":10,"reset_seconds":1}`},
			{time.Second, reserve, key("3"), wants("acme", 5, 60), 402, `{"left":4,"limit":10,"retry_after_seconds":3600}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, quotaservice.InMemory, accounts...)
			for i, s := range steps {
				b.clock.advance(s.after)
				status, answer := b.do(t, s.operation, s.key, s.body)
				require.Equal(t, s.status, status, "step %d: %s", i+1, answer)
				require.JSONEq(t, s.answer, answer, "step %d", i+1)
			}
		})
	}
}

func TestRequestsThatDoNotFit(t *testing.T) {
	b := newBench(t, quotaservice.InMemory, quotaservice.Account{Tenant: "acme", Limit: 10, Window: "1h"})
	fits := wants("acme", 4, 60)
	without := func(part string) string { return strings.Replace(fits, part, "", 1) }
	for _, row := range []struct {
		operation, key, body string
		status               int
	}{
		{reserve, "1", fits, 400},
		{reserve, strings.ToUpper(key("a")), fits, 400},
		{reserve, key("1") + "1", fits, 400},
		{commit, "x", spends(1), 400},
		{refund, "x", "", 400},
		{reserve, key("1"), "", 400},
		{reserve, key("1"), "null", 400},
		{reserve, key("1"), fits[1:], 400},
		{reserve, key("1"), without(`"credits":4,`), 400},
		{reserve, key("1"), without(`"lifetime_seconds":60,`), 400},
		{reserve, key("1"), without(`"tenant":"acme",`), 400},
		{reserve, key("1"), without(`"subject":"ann",`), 400},
		{reserve, key("1"), without(`"surface":"mcp",`), 400},
		{reserve, key("1"), without(`,"calls":[{"tool":"draw","credits":4}]`), 400},
		{reserve, key("1"), without(`"tool":"draw",`), 400},
		{reserve, key("1"), without(`{"tool":"draw","credits":4}`), 400},
		{reserve, key("1"), strings.Replace(fits, `[{"tool":"draw","credits":4}]`, "null", 1), 400},
		{reserve, key("1"), strings.Replace(fits, `"pro"`, "null", 1), 400},
		{reserve, key("1"), strings.Replace(fits, `"surface"`, `"Surface"`, 1), 400},
		{reserve, key("1"), strings.Replace(fits, `"surface"`, `"more":1,"surface"`, 1), 400},
		{reserve, key("1"), wants("acme", 0, 60), 400},
		{reserve, key("1"), wants("acme", -1, 60), 400},
		{reserve, key("1"), wants("acme", 1<<32, 60), 400},
		{reserve, key("1"), wants("acme", 1, 0), 400},
		{reserve, key("1"), wants("acme", 1, quotaservice.MaxLifetime+1), 400},
		{commit, key("1"), "", 400},
		{commit, key("1"), `{}`, 400},
		{commit, key("1"), spends(0), 400},
		{commit, key("1"), `{"credits":1,"more":1}`, 400},
		{commit, key("1"), `{"credits":"1"}`, 400},
	} {
		status, answer := b.ask(t, newRequest(row.operation, row.key, row.body), row.body, false)
		assert.Equal(t, row.status, status, "%s %s: %s", row.operation, row.body, answer)
	}
	// What the document cannot say.
	status, _ := b.do(t, reserve, key("1"), fits+fits)
	assert.Equal(t, 400, status)
	status, answer := b.do(t, reserve, key("1"), strings.Replace(fits, `"credits":4`, `"credits":5`, 1))
	assert.Equal(t, 422, status)
	assert.Contains(t, answer, "the calls cost 4 together, and not 5")

	status, _ = b.do(t, reserve, key("1"), wants("acme", 10, 60))
	assert.Equal(t, 200, status, "nothing of the above was reserved")
}

func TestRequestsThatAreNotOurs(t *testing.T) {
	b := newBench(t, quotaservice.InMemory, quotaservice.Account{Tenant: "acme", Limit: 10, Window: "1h"})
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + token + " ", "Basic " + token, token} {
		for _, operation := range []string{reserve, commit, refund} {
			body := map[string]string{reserve: wants("acme", 1, 60), commit: spends(1)}[operation]
			r := newRequest(operation, key("1"), body)
			r.Header.Set("Authorization", authorization)
			status, _ := b.ask(t, r, body, true)
			assert.Equal(t, 401, status, "%q", authorization)
		}
	}
	r := newRequest(reserve, key("1"), wants("acme", 1, 60))
	r.Header.Set("Content-Type", "text/plain")
	status, _ := b.ask(t, r, wants("acme", 1, 60), false)
	assert.Equal(t, 415, status)

	long := strings.Replace(wants("acme", 1, 60), "draw", strings.Repeat("x", 300<<10), 1)
	status, _ = b.do(t, reserve, key("1"), long)
	assert.Equal(t, 413, status)

	for _, row := range []struct {
		method, path string
		status       int
	}{{"GET", "/v1/reservations/" + key("1"), 405}, {"DELETE", "/v1/reservations/" + key("1") + "/refund", 405}, {"GET", "/", 404}, {"PUT", "/reservations/" + key("1"), 404}} {
		r := newRequest(reserve, key("1"), "")
		r.Method, r.URL.Path = row.method, row.path
		assert.Equal(t, row.status, serve(b.service, r).Code, "%s %s", row.method, row.path)
	}
	assert.Equal(t, http.MethodPut, serve(b.service, func() *http.Request {
		r := newRequest(reserve, key("1"), "")
		r.Method = "GET"
		return r
	}()).Header().Get("Allow"))
}

// What the service has answered survives its end, and limits may change.
func TestRestart(t *testing.T) {
	b := newBench(t, filepath.Join(t.TempDir(), "a file.db"), quotaservice.Account{Tenant: "acme", Limit: 10, Window: "1h"})
	for digit, operation := range map[string]string{"1": commit, "2": refund, "3": ""} {
		status, _ := b.do(t, reserve, key(digit), wants("acme", 2, 60))
		require.Equal(t, 200, status)
		if operation != "" {
			_, _ = b.do(t, operation, key(digit), map[string]string{commit: spends(1)}[operation])
		}
	}
	require.NoError(t, b.service.Close())
	status, _ := b.do(t, reserve, key("4"), wants("acme", 1, 60))
	assert.Equal(t, 503, status, "the service has ended")

	b.open(t, quotaservice.Account{Tenant: "acme", Limit: 4, Window: "1h"})
	status, answer := b.do(t, reserve, key("3"), wants("acme", 2, 60))
	assert.Equal(t, 200, status)
	assert.JSONEq(t, `{"left":1,"limit":4,"reset_seconds":3600}`, answer)
	status, _ = b.do(t, commit, key("1"), spends(1))
	assert.Equal(t, 200, status)
	status, _ = b.do(t, reserve, key("2"), wants("acme", 2, 60))
	assert.Equal(t, 409, status)

	b.clock.advance(time.Minute)
	require.NoError(t, b.service.Expire())
	assert.ElementsMatch(t, []string{
		"reserved 6", "committed 1", "refunded 3", "expired 2",
	}, query(t, b.file, "SELECT event, sum(credits) FROM ledger GROUP BY event"))
	assert.Equal(t, []string{key("1") + " acme ann mcp " + `[{"tool":"draw","credits":2}]`},
		query(t, b.file, "SELECT key, tenant, subject, surface, tools FROM ledger WHERE event = 'committed'"))
}

func TestLedgerIsAppendOnly(t *testing.T) {
	b := newBench(t, filepath.Join(t.TempDir(), "quota.db"), quotaservice.Account{Tenant: "acme", Limit: 10, Window: "1h"})
	_, _ = b.do(t, reserve, key("1"), wants("acme", 2, 60))
	db := openFile(t, b.file)
	for _, text := range []string{"DELETE FROM ledger", "UPDATE ledger SET credits = 1"} {
		_, err := db.ExecContext(t.Context(), text)
		assert.ErrorContains(t, err, "nothing in the ledger is")
	}
}

func TestAccounts(t *testing.T) {
	accounts, err := quotaservice.ParseAccounts([]byte(`[{"tenant":"a","limit":1},{"tenant":"b","limit":2,"window":"1h"}]`), quotaservice.Day)
	require.NoError(t, err)
	assert.Equal(t, []quotaservice.Account{{Tenant: "a", Limit: 1, Window: quotaservice.Day}, {Tenant: "b", Limit: 2, Window: "1h"}}, accounts)
	for _, text := range []string{`{}`, `[{"tenant":"a","limt":1}]`, `[{"limit":-1}]`, `[{"limit":4294967296}]`, `[{"window":"week"}]`, `[{"window":"10ms"}]`} {
		_, err := quotaservice.ParseAccounts([]byte(text), quotaservice.Day)
		assert.Error(t, err, text)
	}
	account, err := quotaservice.ParseAccount("a=b=3", quotaservice.Month)
	require.NoError(t, err)
	assert.Equal(t, quotaservice.Account{Tenant: "a=b", Limit: 3, Window: quotaservice.Month}, account)
	for _, text := range []string{"a", "a=", "a=x", "a=-1"} {
		_, err := quotaservice.ParseAccount(text, quotaservice.Month)
		assert.Error(t, err, text)
	}
}

func TestAServiceNeedsAToken(t *testing.T) {
	_, err := quotaservice.New(quotaservice.Options{File: quotaservice.InMemory, Now: time.Now})
	assert.ErrorContains(t, err, "needs a token")
}
