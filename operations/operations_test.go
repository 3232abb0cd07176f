package operations

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/lockout"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/register"
	"github.com/gatewarden/gatewarden/table"
)

// fakeHost is a proxy in memory, with a clock that is set by hand.
type fakeHost struct {
	now     int64
	data    map[string][]byte
	cas     map[string]uint32
	last    uint32
	full    bool // nothing can be stored
	request []proxy.Header
	reply   *proxy.Reply
	log     []string
	names   []string
	values  []uint64
}

var _ Host = (*fakeHost)(nil)

const wall = 1_800_000_000_000 // 2027-01-15T08:00:00Z

func newHost() *fakeHost {
	return &fakeHost{now: 1_000_000, data: map[string][]byte{}, cas: map[string]uint32{}}
}

func (h *fakeHost) Get(key []byte) ([]byte, uint32, bool) {
	value, found := h.data[string(key)]
	return slices.Clone(value), h.cas[string(key)], found
}

func (h *fakeHost) Set(key, value []byte, cas uint32) bool {
	if now, found := h.cas[string(key)]; h.full || found && now != cas {
		return false
	}
	h.last++
	h.data[string(key)], h.cas[string(key)] = slices.Clone(value), h.last
	return true
}

func (h *fakeHost) Now() int64 { return h.now }

func (h *fakeHost) WallNow() int64 { return wall + h.now }

func (h *fakeHost) RequestHeaders() []proxy.Header { return h.request }

func (h *fakeHost) Reply(r *proxy.Reply) { h.reply = r }

func (h *fakeHost) Warn(line string) { h.log = append(h.log, line) }

func (h *fakeHost) Counter(name string) proxy.Metric {
	h.names, h.values = append(h.names, name), append(h.values, 0)
	return proxy.Metric(len(h.names) - 1)
}

func (h *fakeHost) Add(m proxy.Metric, n uint64) { h.values[m] += n }

// desk is an endpoint and its host. Its tokens are those of alice and bob.
type desk struct {
	*fakeHost
	endpoint *Endpoint
}

var seed = table.Seed{1, 2, 3}

func newDesk(t *testing.T, form string) *desk {
	t.Helper()
	token := func(id string) string {
		hash := sha256.Sum256([]byte("token of " + id))
		return fmt.Sprintf(`{"id": %q, "sha256": %q}`, id, hex.EncodeToString(hash[:]))
	}
	c, err := config.Parse([]byte(`{"log": {"client": "`+form+`"}, "admin": {"hosts": ["ops.example.com"], "tokens": [`+token("alice")+`, `+token("bob")+`]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	host := newHost()
	register.Publish(host, []register.Surface{
		{Name: "rest", Size: 12, Enforced: true, IPv4: 32, IPv6: 64, WideIPv4: 24, WideIPv6: 48, Duration: 60_000},
		{Name: "login", Size: 6, IPv4: 24, IPv6: 64, Duration: 300_000},
	}, host.now)
	return &desk{host, New(c, host, seed, "1.40.0")}
}

// ask sends a request with alice's token, unless it brings one.
func (d *desk) ask(method, path string, headers ...string) *proxy.Reply {
	d.request = []proxy.Header{{Name: ":method", Value: method}, {Name: ":path", Value: path}}
	names := map[string]bool{}
	for i := 0; i+1 < len(headers); i += 2 {
		names[headers[i]] = true
		d.request = append(d.request, proxy.Header{Name: headers[i], Value: headers[i+1]})
	}
	for _, standard := range []proxy.Header{{Name: ":authority", Value: "127.0.0.1:9902"}, {Name: "authorization", Value: "Bearer token of alice"}} {
		if !names[standard.Name] {
			d.request = append(d.request, standard)
		}
	}
	d.reply = nil
	d.endpoint.Answer(d.fakeHost)
	return d.reply
}

// lock makes the table and the register what a guarding instance would.
func (d *desk) lock(l register.Lockout, until int64, failures uint32) register.Lockout {
	t := table.NewSized(d.fakeHost, seed, l.Size)
	if l.Key == (table.Key{}) {
		l.Key = t.Key([]byte(l.Surface), []byte(l.Client))
	}
	t.Update(l.Key, d.now, func(table.Record, uint8, int64) (table.Record, bool) {
		return table.Record{Count: failures, LockedUntil: until, WindowEnd: until}, true
	})
	l.Since, l.Until = d.now, until
	register.New(d.fakeHost).Put(l, d.now)
	return l
}

func list(t *testing.T, r *proxy.Reply) (lockouts []map[string]any, whole map[string]any) {
	t.Helper()
	if err := json.Unmarshal(r.Body, &whole); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	for _, l := range whole["lockouts"].([]any) {
		lockouts = append(lockouts, l.(map[string]any))
	}
	return lockouts, whole
}

func TestList(t *testing.T) {
	d := newDesk(t, "full")
	d.lock(register.Lockout{Surface: "rest", Size: 12, Client: "192.0.2.1"}, d.now+60_000, 20)
	d.now += 5_500
	d.lock(register.Lockout{Surface: "login", Size: 6, What: register.Account, Subject: 0xABC}, d.now+1, 5)
	d.lock(register.Lockout{Surface: "rest", Size: 12, What: register.Network, Client: "192.0.2.0/24"}, d.now-1, 200) // over
	register.PublishFleet(d.fakeHost, register.Fleet{ID: 1, Domain: "gatewarden", Pending: 7}, d.now)
	r := d.ask("GET", "/lockouts")
	want := `{"now":"2027-01-15T08:16:45Z","complete":true,"envoy":"1.40.0","surfaces":[` +
		`{"name":"rest","enforced":true,"ipv4_prefix":32,"ipv6_prefix":64,"seconds":60},` +
		`{"name":"login","enforced":false,"ipv4_prefix":24,"ipv6_prefix":64,"seconds":300}],"fleets":[{"domain":"gatewarden","heard":false,"pending":7}],"lockouts":[` +
		`{"id":"ID","surface":"login","what":"account","client":null,"subject":"abc","since":"2027-01-15T08:16:45Z",` +
		`"until":"2027-01-15T08:16:46Z","seconds_left":1,"failures":5,"by":null,"enforced":false},` +
		`{"id":"ID","surface":"rest","what":"client","client":"192.0.2.1","subject":null,"since":"2027-01-15T08:16:40Z",` +
		`"until":"2027-01-15T08:17:40Z","seconds_left":55,"failures":20,"by":null,"enforced":true}]}`
	got := string(r.Body)
	lockouts, _ := list(t, r)
	for _, l := range lockouts {
		got = strings.Replace(got, l["id"].(string), "ID", 1)
	}
	if r.Status != 200 || got != want {
		t.Errorf("got %d\n%s\nwant\n%s", r.Status, got, want)
	}
	if lockouts, _ = list(t, d.ask("GET", "/lockouts?surface=rest")); len(lockouts) != 1 {
		t.Errorf("of one surface: %v", lockouts)
	}
	d.now += 54_500
	if lockouts, _ = list(t, d.ask("GET", "/lockouts")); len(lockouts) != 0 {
		t.Errorf("when all are over: %v", lockouts)
	}
}

// What the register cannot name is found by its address, and the list says that it is
// not whole.
func TestListOfOneClient(t *testing.T) {
	d := newDesk(t, "truncated")
	for _, s := range register.Surfaces(d.fakeHost, d.now) {
		for _, target := range lockout.Targets(d.endpoint.table(s.Size), &s, "192.0.2.7") {
			d.endpoint.table(s.Size).Update(target.Key, d.now, func(table.Record, uint8, int64) (table.Record, bool) {
				return table.Record{LockedUntil: d.now + 9000}, true
			})
		}
	}
	for query, want := range map[string][]string{
		"client=192.0.2.7":              {"rest client 192.0.2.0/24 <nil>", "rest network 192.0.2.0/24 <nil>", "login client 192.0.2.0/24 <nil>"},
		"client=192.0.2.7&surface=rest": {"rest client 192.0.2.0/24 <nil>", "rest network 192.0.2.0/24 <nil>"},
		"client=192.0.2.0/24":           {"rest network 192.0.2.0/24 <nil>", "login client 192.0.2.0/24 <nil>"},
		"client=192.0.3.7":              nil,
		"client=2001%3Adb8%3A%3A1":      nil,
	} {
		var got []string
		lockouts, _ := list(t, d.ask("GET", "/lockouts?"+query))
		for _, l := range lockouts {
			got = append(got, fmt.Sprint(l["surface"], " ", l["what"], " ", l["client"], " ", l["since"]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	if lockouts, _ := list(t, d.ask("GET", "/lockouts")); len(lockouts) != 0 {
		t.Errorf("the register names %v", lockouts)
	}
	for i := range 5000 {
		d.lock(register.Lockout{Surface: "rest", Size: 12, Client: fmt.Sprint(i)}, d.now+9000, 1)
	}
	if lockouts, whole := list(t, d.ask("GET", "/lockouts")); len(lockouts) > register.Capacity || whole["complete"] != false {
		t.Errorf("%d lockouts, complete: %v", len(lockouts), whole["complete"])
	}
}

func TestLockAndUnlock(t *testing.T) {
	d := newDesk(t, "full")
	for _, step := range []struct {
		note, method, path string
		status             int
		left               float64 // seconds of the one lockout afterwards, 0: there is none
	}{
		{"for a minute", "POST", "/lockouts?surface=rest&client=192.0.2.7&duration=1m", 201, 60},
		{"not for less", "POST", "/lockouts?surface=rest&client=192.0.2.7&duration=1s", 200, 60},
		{"but for more", "POST", "/lockouts?surface=rest&client=192.0.2.7&duration=30d", 200, 2_592_000},
		{"unlocked", "DELETE", "ID", 204, 0},
		{"is unlocked", "DELETE", "ID", 404, 0},
		{"for less, now", "POST", "/lockouts?surface=rest&client=192.0.2.7&duration=1s", 201, 1},
		{"unlocked again", "DELETE", "ID", 204, 0},
		{"as the surface does", "POST", "/lockouts?surface=rest&client=%3a%3affff:192.0.2.7", 201, 60},
	} {
		path := step.path
		if path == "ID" {
			target := lockout.Targets(d.endpoint.table(12), &register.Surface{Name: "rest", Size: 12, IPv4: 32, IPv6: 64}, "192.0.2.7")[0]
			path = "/lockouts/" + idOf(12, target.Key)
		}
		r := d.ask(step.method, path)
		if r.Status != step.status {
			t.Fatalf("%s: %d %s", step.note, r.Status, r.Body)
		}
		lockouts, _ := list(t, d.ask("GET", "/lockouts"))
		switch {
		case step.left == 0 && len(lockouts) != 0, step.left > 0 && len(lockouts) != 1:
			t.Fatalf("%s: %v", step.note, lockouts)
		case step.left == 0:
		case lockouts[0]["seconds_left"] != step.left || lockouts[0]["by"] != "alice" || lockouts[0]["client"] != "192.0.2.7":
			t.Errorf("%s: %v", step.note, lockouts[0])
		}
	}
	want := []string{
		"gatewarden: operator lockout surface=rest client=192.0.2.7 locked_for=60 by=alice",
		"gatewarden: operator lockout surface=rest client=192.0.2.7 locked_for=60 by=alice",
		"gatewarden: operator lockout surface=rest client=192.0.2.7 locked_for=2592000 by=alice",
		"gatewarden: operator unlock surface=rest client=192.0.2.7 by=alice",
		"gatewarden: operator lockout surface=rest client=192.0.2.7 locked_for=1 by=alice",
		"gatewarden: operator unlock surface=rest client=192.0.2.7 by=alice",
		"gatewarden: operator lockout surface=rest client=192.0.2.7 locked_for=60 by=alice",
	}
	if !slices.Equal(d.log, want) {
		t.Errorf("the log has\n%s", strings.Join(d.log, "\n"))
	}
}

// An unlock takes the counter along that would lock again at the next failure.
func TestUnlockForgetsTheRest(t *testing.T) {
	d := newDesk(t, "full")
	also := d.endpoint.table(12).Key([]byte("stuffing"))
	d.endpoint.table(12).Update(also, d.now, func(table.Record, uint8, int64) (table.Record, bool) {
		return table.Record{Count: 10, WindowEnd: d.now + 60_000}, true
	})
	l := d.lock(register.Lockout{Surface: "rest", Size: 12, Client: "192.0.2.1", Also: also}, d.now+60_000, 20)
	if r := d.ask("DELETE", "/lockouts/"+idOf(12, l.Key)); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	for _, key := range []table.Key{l.Key, also} {
		if r, _, found := d.endpoint.table(12).Get(key, moment(d.now)); found {
			t.Errorf("%+v is left", r)
		}
	}
}

// What an operator unlocks here is unlocked at all proxies of its fleet.
func TestUnlockTellsTheFleet(t *testing.T) {
	d := newDesk(t, "full")
	shared := d.endpoint.table(12).Key([]byte("shared"))
	l := d.lock(register.Lockout{Surface: "rest", Size: 12, Client: "192.0.2.1", Fleet: 7, Shared: shared}, d.now+60_000, 20)
	d.ask("DELETE", "/lockouts/"+idOf(12, l.Key))
	alone := d.lock(register.Lockout{Surface: "rest", Size: 12, Client: "192.0.2.2"}, d.now+60_000, 20)
	d.ask("DELETE", "/lockouts/"+idOf(12, alone.Key))
	if got := register.TakeUnlocks(d.fakeHost, 8); len(got) != 0 {
		t.Errorf("another fleet is told %v", got)
	}
	if got := register.TakeUnlocks(d.fakeHost, 7); len(got) != 1 || got[0] != shared {
		t.Errorf("the fleet is told %v", got)
	}
	if got := register.TakeUnlocks(d.fakeHost, 7); len(got) != 0 {
		t.Errorf("the fleet is told twice: %v", got)
	}
}

func TestProblems(t *testing.T) {
	for _, row := range []struct {
		method, path string
		full         bool
		status       int
		detail       string
	}{
		{"POST", "/lockouts?surface=x&client=192.0.2.7", false, 400, "The surface is none that locks out. There are: rest, login."},
		{"POST", "/lockouts?client=192.0.2.7", false, 400, "The surface is none that locks out. There are: rest, login."},
		{"POST", "/lockouts?surface=rest", false, 400, notAClient},
		{"POST", "/lockouts?surface=rest&client=192.0.2.0/25", false, 400, notAClient},
		{"POST", "/lockouts?surface=rest&client=192.0.2.7&duration=0s", false, 400, badDuration},
		{"POST", "/lockouts?surface=rest&client=192.0.2.7&duration=31d", false, 400, badDuration},
		{"POST", "/lockouts?surface=rest&client=192.0.2.7&duration=%3Cscript%3E", false, 400, badDuration},
		{"POST", "/lockouts?surface=rest&surface=login", false, 400, "The parameter surface is there twice. Send it once."},
		{"POST", "/lockouts?surface=rest&client=%zz", false, 400, "The value of client is not percent-encoded as it should be."},
		{"POST", "/lockouts?surface=rest&client=%", false, 400, "The value of client is not percent-encoded as it should be."},
		{"POST", "/lockouts?surface=rest&client=192.0.2.7", true, 503, noRoom},
		{"GET", "/lockouts?s=rest", false, 400, "A parameter is not known here. There are: surface, client."},
		{"GET", "/lockouts?client=bob", false, 400, notAClient},
		{"DELETE", "/lockouts/" + strings.Repeat("0", 33), false, 400, "This is not the id of a lockout. GET /lockouts has the ids."},
		{"DELETE", "/lockouts/" + strings.Repeat("g", 34), false, 400, "This is not the id of a lockout. GET /lockouts has the ids."},
		{"DELETE", "/lockouts/" + strings.Repeat("f", 34), false, 400, "This is not the id of a lockout. GET /lockouts has the ids."},
		{"DELETE", "/lockouts/" + strings.Repeat("0", 34), false, 404, "There is no such lockout. It may be over."},
		{"GET", "/nothing", false, 404, "Here are / and /lockouts."},
		{"PUT", "/", false, 405, "Here are the methods GET, HEAD."},
	} {
		d := newDesk(t, "full")
		d.full = row.full
		r := d.ask(row.method, row.path)
		var problem struct{ Title, Detail string }
		if err := json.Unmarshal(r.Body, &problem); err != nil || r.Status != row.status || problem.Detail != row.detail {
			t.Errorf("%s %s: got %d %s, want %d %q", row.method, row.path, r.Status, r.Body, row.status, row.detail)
		}
		if len(d.log) > 0 {
			t.Errorf("%s %s: logged %q", row.method, row.path, d.log)
		}
	}
	d := newDesk(t, "full")
	d.now += 3_600_000 // nobody guards any more
	if r := d.ask("POST", "/lockouts?surface=rest&client=192.0.2.7"); r.Status != 400 || !strings.Contains(string(r.Body), "no instance that guards") {
		t.Errorf("got %d %s", r.Status, r.Body)
	}
}

func TestAccess(t *testing.T) {
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"alice", nil, 200},
		{"bob, in other letters", []string{"authorization", "BEARER  token of bob "}, 200},
		{"nobody", []string{"authorization", ""}, 401},
		{"mallory", []string{"authorization", "Bearer token of mallory"}, 401},
		{"a token twice", []string{"authorization", "Bearer token of alice", "authorization", "Bearer token of alice"}, 401},
		{"no scheme", []string{"authorization", "token of alice"}, 401},
		{"too long", []string{"authorization", "Bearer " + strings.Repeat("x", 1025)}, 401},
		{"own origin", []string{"origin", "http://127.0.0.1:9902"}, 200},
		{"own origin behind TLS", []string{":authority", "OPS.example.com", "origin", "https://ops.example.com"}, 200},
		{"another port", []string{"origin", "http://127.0.0.1:9903"}, 403},
		{"no origin", []string{"origin", "null"}, 403},
		{"an empty name", []string{":authority", ""}, 421},
		{"an unknown name", []string{":authority", "evil.example"}, 421},
		{"an unknown name like a known one", []string{":authority", "ops.example.com.evil.example"}, 421},
		{"a known name with a port", []string{":authority", "ops.example.com:443"}, 200},
		{"an IPv6 address", []string{":authority", "[2001:db8::1]:9902"}, 200},
		{"half of one", []string{":authority", "[2001:db8::1"}, 421},
		{"the page itself", []string{"sec-fetch-site", "same-origin"}, 200},
		{"the address bar", []string{"sec-fetch-site", "none"}, 200},
		{"a page elsewhere", []string{"sec-fetch-site", "cross-site"}, 403},
	} {
		d := newDesk(t, "full")
		if r := d.ask("GET", "/lockouts", row.headers...); r.Status != row.status {
			t.Errorf("%s: %d %s", row.name, r.Status, r.Body)
		}
	}
}

// A wrong token is counted each time, and told once a second. One that is missing is
// neither.
func TestDenied(t *testing.T) {
	d := newDesk(t, "full")
	for range 10 {
		d.now += 250
		d.ask("DELETE", "/lockouts/"+strings.Repeat("0", 34), "authorization", "Bearer x")
	}
	d.request = []proxy.Header{{Name: ":method", Value: "GET"}, {Name: ":path", Value: "/lockouts"}, {Name: ":authority", Value: "localhost"}}
	d.endpoint.Answer(d.fakeHost)
	if d.reply.Status != 401 || len(d.log) != 3 || d.values[slices.Index(d.names, "gatewarden_operations_total.operation.denied")] != 10 {
		t.Errorf("%d, %q, %v", d.reply.Status, d.log, d.values)
	}
}

// TestNamesAreText: whatever stands in shared data, the answer is JSON that a page may
// even be made of.
func TestNamesAreText(t *testing.T) {
	d := newDesk(t, "full")
	const evil = `</script><img src=x onerror="a('&\u2028')">` + "\x00\xff"
	d.lock(register.Lockout{Surface: evil[:40], Size: 12, Client: evil, By: evil}, d.now+9000, 1)
	r := d.ask("GET", "/lockouts")
	if lockouts, _ := list(t, r); len(lockouts) != 1 || strings.ContainsAny(string(r.Body), "<>&\x00\u2028") {
		t.Errorf("%s", r.Body)
	}
}

func TestTimestamps(t *testing.T) {
	for ms := int64(0); ms < 253_402_300_799_999; ms += 86_400_000*31 + 12_345_678 {
		want := `"` + time.UnixMilli(ms).UTC().Format(time.RFC3339) + `"`
		if got := string(appendTime(nil, ms)); got != want {
			t.Fatalf("%d: got %s, want %s", ms, got, want)
		}
	}
	for _, ms := range []int64{-1 << 63, 1<<63 - 1} {
		if got := string(appendTime(nil, ms)); len(got) != 22 {
			t.Errorf("%d: got %s", ms, got)
		}
	}
}

// FuzzAnswer: no request makes the endpoint panic, and none without a token changes or
// shows anything.
func FuzzAnswer(f *testing.F) {
	f.Add("GET", "/lockouts?client=192.0.2.7&surface=rest", "127.0.0.1:9902", "http://127.0.0.1:9902", "Bearer token of alice")
	f.Add("POST", "/lockouts?surface=rest&client=2001%3adb8::/64&duration=1h30m", "[::1]", "", "Bearer token of bob")
	f.Add("DELETE", "/lockouts/0c"+strings.Repeat("a", 32), "localhost:", "null", "Basic x")
	f.Fuzz(func(t *testing.T, method, path, authority, origin, authorization string) {
		d := &desk{}
		*d = *newDesk(t, "hash")
		before := d.last
		r := d.ask(method, path, ":authority", authority, "origin", origin, "authorization", authorization)
		if r == nil || r.Status < 200 || r.Status > 503 {
			t.Fatalf("%+v", r)
		}
		known := strings.Contains(authorization, "token of alice") || strings.Contains(authorization, "token of bob")
		if !known && (d.last != before || r.Status == 200 && strings.HasPrefix(path, "/lockouts")) {
			t.Errorf("%d without a token", r.Status)
		}
	})
}
