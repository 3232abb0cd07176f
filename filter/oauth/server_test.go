package oauth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// The least that clients can use.
const least = `{"issuer":"https://as/t","authorization_endpoint":"https://as/t/authorize","token_endpoint":"https://as/t/token",` +
	`"response_types_supported":["code"],"code_challenge_methods_supported":["plain","S256"]}`

func TestCheckDocument(t *testing.T) {
	without := func(name string) string {
		var members map[string]any
		if err := json.Unmarshal([]byte(least), &members); err != nil {
			t.Fatal(err)
		}
		delete(members, name)
		text, _ := json.Marshal(members)
		return string(text)
	}
	with := func(old, replacement string) string { return strings.Replace(least, old, replacement, 1) }
	const pkce = "code_challenge_methods_supported"
	for _, row := range []struct {
		name, body   string
		pkce, openid bool
		reason       string // "" if it is passed on
		member       string
	}{
		{"the least", least, false, false, "", ""},
		{"more", with("{", `{"a":{"b":[1]},`), true, false, "", ""},
		{"white space", " " + least + "\n ", false, false, "", ""},
		{"no JSON", "<html>", false, false, "malformed", ""},
		{"empty", "", false, false, "malformed", ""},
		{"a list", "[" + least + "]", false, false, "malformed", ""},
		{"too deep", with("{", `{"a":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+","), false, false, "malformed", ""},
		{"as long as it may be", with("{", `{"a":"`+strings.Repeat("x", maxDocument-len(least)-len(`"a":"",`))+`",`), false, false, "", ""},
		{"too long", with("{", `{"a":"`+strings.Repeat("x", maxDocument)+`",`), false, false, "too_long", ""},

		{"another issuer", with("https://as/t\"", `https://as"`), false, false, "wrong", "issuer"},
		{"a slash more", with("https://as/t\"", `https://as/t/"`), false, false, "wrong", "issuer"},
		{"two issuers", with("{", `{"issuer":"https://as/t",`), false, false, "wrong", "issuer"},
		{"no issuer", without("issuer"), false, false, "missing", "issuer"},
		{"no authorization endpoint", without("authorization_endpoint"), false, false, "missing", "authorization_endpoint"},
		{"http", with("https://as/t/token", "http://as/t/token"), false, false, "wrong", "token_endpoint"},
		{"http on this machine", with("https://as/t/token", "http://localhost:1/token"), false, false, "", ""},
		{"a script", with("https://as/t/authorize", "javascript:alert(1)//"), false, false, "wrong", "authorization_endpoint"},
		{"a fragment", with("https://as/t/authorize", "https://as/t/authorize#x"), false, false, "wrong", "authorization_endpoint"},
		{"a query", with("https://as/t/authorize", "https://AS.example/t?x=y"), false, false, "", ""},
		{"a user", with("https://as/t/authorize", "https://a@as/t"), false, false, "wrong", "authorization_endpoint"},
		{"no host", with("https://as/t/authorize", "https:///t"), false, false, "wrong", "authorization_endpoint"},
		{"a number", with(`"https://as/t/token"`, "7"), false, false, "wrong", "token_endpoint"},
		{"no response types", without("response_types_supported"), false, false, "missing", "response_types_supported"},
		{"response types as text", with(`["code"]`, `"code"`), false, false, "wrong", "response_types_supported"},

		{"no PKCE", without(pkce), false, false, "missing", pkce},
		{"no PKCE, but vouched for", without(pkce), true, false, "", ""},
		{"no PKCE, vouched for, with white space", without(pkce) + " \n", true, false, "", ""},
		{"plain only", with(`,"S256"`, ""), true, false, "wrong", pkce},
		{"null", with(`["plain","S256"]`, "null"), true, false, "wrong", pkce},
		{"a text", with(`["plain","S256"]`, `"S256"`), true, false, "wrong", pkce},

		{"not of OpenID Connect", least, false, true, "missing", "jwks_uri"},
		{"of OpenID Connect", with("{", `{"jwks_uri":"https://as/k","subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"],`), false, true, "", ""},
	} {
		s := &config.AuthorizationServer{Issuer: "https://as/t", PKCE: row.pkce, OpenID: row.openid}
		body, f := checkDocument([]byte(row.body), s)
		if f.reason != row.reason || f.member != row.member {
			t.Errorf("%s: %+v, want %s %s", row.name, f, row.reason, row.member)
		}
		if (body == nil) != (row.reason != "") {
			t.Errorf("%s: %q", row.name, body)
		}
		if body != nil && (!json.Valid(body) || !strings.Contains(string(body), `"S256"]`)) {
			t.Errorf("%s becomes %s", row.name, body)
		}
		if body != nil && !strings.Contains(row.name, "vouched") && string(body) != row.body {
			t.Errorf("%s is changed: %s", row.name, body)
		}
	}
}

// FuzzCheckDocument: no body makes the check panic, and what it passes on is an object
// that clients can use.
func FuzzCheckDocument(f *testing.F) {
	f.Add([]byte(least), true)
	f.Add([]byte(strings.Replace(least, `,"code_challenge_methods_supported":["plain","S256"]`, "", 1)), true)
	f.Add([]byte(`{"issuer":"https://as/t","issuer":1}`), false)
	f.Add([]byte(`{}}`), true)
	f.Fuzz(func(t *testing.T, body []byte, pkce bool) {
		out, flaw := checkDocument(body, &config.AuthorizationServer{Issuer: "https://as/t", PKCE: pkce})
		if flaw.reason != "" {
			return
		}
		var d struct {
			Issuer        string
			Authorization string   `json:"authorization_endpoint"`
			Methods       []string `json:"code_challenge_methods_supported"`
		}
		if err := json.Unmarshal(out, &d); err != nil || d.Issuer != "https://as/t" || !slices.Contains(d.Methods, "S256") ||
			!strings.HasPrefix(strings.ToLower(d.Authorization), "http") {
			t.Fatalf("%q becomes %q (%v)", body, out, err)
		}
	})
}

// TestServerLocations: where the documents of authorization servers are.
func TestServerLocations(t *testing.T) {
	const as, oid = serverKnown, openidKnown
	for _, row := range []struct {
		servers   string   // issuers; with "+" also of OpenID Connect
		resources string   // "resource>issuer"
		want      []string // host, path and issuer; "-" if none is served
	}{
		{"https://as", "", []string{"as " + as + " https://as", "else " + as + " https://as", "a,b " + as + " https://as", "as " + oid + " -", "as " + as + "/mcp -"}},
		{"https://as/t", "", []string{"as " + as + "/t https://as/t", "else " + as + "/t https://as/t", "else " + as + " https://as/t", "as " + as + "/t/ -", "as /t" + oid + " -"}},
		{"+https://as/t", "", []string{"as " + as + "/t https://as/t", "h " + oid + "/t https://as/t", "h /t" + oid + " https://as/t", "h " + oid + " https://as/t", "h /x" + oid + " -"}},
		{"https://as https://as/t", "", []string{"as " + as + " https://as", "h " + as + " https://as", "as " + as + "/t https://as/t"}},
		{"https://as/t https://as/u", "", []string{"as " + as + " -", "as " + as + "/t https://as/t", "as " + as + "/u https://as/u"}},
		{"https://as/t https://bs/t", "", []string{"as " + as + "/t https://as/t", "bs " + as + "/t https://bs/t", "h " + as + "/t -", "as " + as + " -"}},
		{"https://as/t", "https://h/mcp>https://as/t", []string{"h " + as + " https://as/t", "else " + as + " https://as/t"}},
		{"https://as https://bs", "https://h/mcp>https://bs https://g/mcp>https://as", []string{
			"h " + as + " https://bs", "g " + as + " https://as", "as " + as + " https://as", "bs " + as + " https://bs", "else " + as + " -"}},
		{"https://as https://bs", "https://as/mcp>https://bs", []string{"as " + as + " https://as", "bs " + as + " https://bs"}},
		{"https://as https://bs", "https://h/a>https://as https://h/b>https://bs", []string{"h " + as + " -"}},
		{"https://as https://bs", "https://h/a>https://as *https://h/b>https://bs", []string{"h " + as + " https://bs"}},
		{"https://as +https://bs", "https://h/mcp>https://as https://g/mcp>https://bs", []string{
			"h " + oid + " -", "g " + oid + " https://bs", "as " + oid + " -", "bs " + oid + " https://bs"}},
		{"https://as", "https://h/mcp>https://unknown", []string{"h " + as + " https://as"}},
	} {
		c := &config.Config{}
		for _, issuer := range strings.Fields(row.servers) {
			issuer, openid := strings.CutPrefix(issuer, "+")
			c.AuthorizationServers = append(c.AuthorizationServers, config.AuthorizationServer{Issuer: issuer, OpenID: openid})
		}
		for _, text := range strings.Fields(row.resources) {
			text, marked := strings.CutPrefix(text, "*")
			resource, issuer, _ := strings.Cut(text, ">")
			c.OAuth = append(c.OAuth, config.OAuth{Resource: resource, HostDefault: marked, AuthorizationServers: []string{issuer}})
		}
		r := newRoom(t, c)
		for _, want := range row.want {
			ask := strings.Fields(want)
			reply := serve(r, &request.Target{Method: "GET", Path: ask[1] + "?x", Authority: ask[0]})
			got := "-"
			if reply != nil {
				got = gjson.GetBytes(reply.Body, "issuer").String()
			}
			if got != ask[2] {
				t.Errorf("%s for %s: %q at %s%s is %q, want %q", row.servers, row.resources, ask[0], ask[0], ask[1], got, ask[2])
			}
		}
	}
}

func TestServerMetadata(t *testing.T) {
	got := string(serverMetadata(&config.AuthorizationServer{
		Issuer: "https://as", AuthorizationEndpoint: "https://as/a", TokenEndpoint: "https://as/t", RegistrationEndpoint: "https://as/r",
		IntrospectionEndpoint: "https://as/i", RevocationEndpoint: "https://as/v", JWKSURI: "https://as/k", ResponseTypes: []string{"code"},
		GrantTypes: []string{"authorization_code"}, TokenEndpointAuthMethods: []string{"none"}, Scopes: []string{"a", "b"}, ServiceDocumentation: "https://as/d",
	}))
	const want = `{"issuer":"https://as","authorization_endpoint":"https://as/a","token_endpoint":"https://as/t","registration_endpoint":"https://as/r",` +
		`"introspection_endpoint":"https://as/i","revocation_endpoint":"https://as/v","jwks_uri":"https://as/k","response_types_supported":["code"],` +
		`"grant_types_supported":["authorization_code"],"token_endpoint_auth_methods_supported":["none"],"scopes_supported":["a","b"],` +
		`"service_documentation":"https://as/d","code_challenge_methods_supported":["S256"]}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := string(serverMetadata(&config.AuthorizationServer{Issuer: "https://as"})); got != `{"issuer":"https://as","code_challenge_methods_supported":["S256"]}` {
		t.Errorf("without members: %s", got)
	}
}

// desk is a room with one server that is asked, and those who ask for its document.
type desk struct {
	*Room
	t     *testing.T
	host  *fakehost.Host
	m     *report.Metrics
	said  []string // the replies, in short
	calls int      // reported so far
}

func (d *desk) value(name string) uint64 {
	d.m.Flush()
	return d.host.Value(d.t, name)
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, host: fakehost.New()}
	d.Room, d.m = newRoomIn(d.host, &config.Config{AuthorizationServers: []config.AuthorizationServer{
		{Issuer: "https://as/t", Cluster: "auth", Timeout: 2000, For: 60_000, Stale: 100_000}}})
	return d
}

// ask asks for the document. who tells the replies apart.
func (d *desk) ask(who string) *Visit {
	d.t.Helper()
	document, v := d.Find(&request.Target{Path: serverKnown + "/t"}), &Visit{}
	if document == nil || document.Reply("GET") != nil || document.Reply("HEAD") != nil || document.Reply("OPTIONS") == nil || document.Reply("POST") == nil {
		d.t.Fatal("the document is not that of a server")
	}
	told := func(r *proxy.Reply) {
		d.said = append(d.said, fmt.Sprint(who, " ", r.Status, " ", fakehost.First(r.Headers, "cache-control")))
	}
	if reply := v.Await(document, told); reply != nil {
		told(reply)
	}
	return v
}

// say is the answer to the call under way.
func (d *desk) say(status, body string) {
	d.calls++
	d.host.CallStatus, d.host.CallBody = status, body
	d.Answered(uint32(d.calls), len(body))
}

func (d *desk) check(what string, calls int, said ...string) {
	d.t.Helper()
	if !slices.Equal(d.said, said) || len(d.host.Sent) != calls {
		d.t.Errorf("%s: %q after %d calls, want %q after %d", what, d.said, len(d.host.Sent), said, calls)
	}
	d.said = nil
}

// TestFetch: one call for all who wait, an answer for as long as it is fresh, a stale
// one for some time, and then none.
func TestFetch(t *testing.T) {
	d := newDesk(t)
	const fresh, none = "200 public, max-age=60", "502 no-store"
	a, b, c := d.ask("a"), d.ask("b"), d.ask("c")
	d.check("asked", 1)
	if !a.Waits() || !b.Waits() || !c.Waits() {
		t.Error("nobody waits")
	}
	a.Leave()
	d.Answered(99, 0) // another room's
	d.check("others' answers", 1)
	d.say("200", least)
	d.check("answered", 1, "c "+fresh, "b "+fresh)
	if a.Waits() || b.Waits() || c.Waits() {
		t.Error("somebody waits")
	}
	b.Leave() // as every stream does in the end
	d.Answered(1, 0)
	d.host.Time += 59_000
	d.ask("d")
	d.check("almost stale", 1, "d 200 public, max-age=5")
	d.host.Time += 1000
	d.ask("e")
	d.say("503", "")
	d.check("stale", 2, "e 200 public, max-age=5")
	d.ask("f")
	d.host.Time += 4999
	d.ask("g")
	d.check("not asked again at once", 2, "f 200 public, max-age=5", "g 200 public, max-age=5")
	d.host.Time++
	d.ask("h")
	d.say("200", "<html>")
	d.check("and wrong", 3, "h 200 public, max-age=5")
	d.host.Time += 95_000
	d.ask("i")
	d.say("504", "")
	d.check("too old", 4, "i "+none)
	d.host.Time += 5000
	d.ask("j")
	d.say("200", least)
	d.check("back", 5, "j "+fresh)
	d.host.Time -= 90_000
	d.ask("k")
	d.say("503", "")
	d.check("before it came", 6, "k "+none)
	d.host.NoCalls = true
	d.host.Time += 5000
	d.ask("l")
	d.check("a cluster that is not known", 6, "l "+none)
	want := []string{"status_503", "malformed", "status_504", "status_503", "not_sent"}
	for i, line := range d.host.Log {
		if line != "gatewarden: metadata error cluster=auth reason="+want[i] {
			t.Errorf("logged %q", d.host.Log)
			break
		}
	}
	for name, n := range map[string]uint64{"valid": 2, "invalid": 1, "error": 4} {
		if got := d.value("gatewarden_metadata_fetches_total.outcome." + name); got != n {
			t.Errorf("%s: %d, want %d", name, got, n)
		}
	}
}

// TestFetchLogsWhatIsMissing: the line names the member.
func TestFetchLogsWhatIsMissing(t *testing.T) {
	d := newDesk(t)
	d.ask("a")
	d.say("200", strings.Replace(least, `"S256"`, `"S512"`, 1))
	d.check("wrong", 1, "a 502 no-store")
	if want := "gatewarden: metadata error cluster=auth reason=wrong member=code_challenge_methods_supported"; len(d.host.Log) != 1 || d.host.Log[0] != want {
		t.Errorf("logged %q, want %q", d.host.Log, want)
	}
	call := d.host.Sent[0]
	if got := fmt.Sprint(call.Cluster, call.Timeout, call.Headers, string(call.Body)); got != "auth2000 [{:method GET} {:scheme https} {:authority as} "+
		"{:path /.well-known/oauth-authorization-server/t} {accept application/json}]" {
		t.Errorf("asked %s", got)
	}
}

// TestFetchWhileTold: one that is told makes another one leave.
func TestFetchWhileTold(t *testing.T) {
	d := newDesk(t)
	var last Visit
	document := d.Find(&request.Target{Path: serverKnown + "/t"})
	first := &Visit{}
	first.Await(document, func(*proxy.Reply) { d.said = append(d.said, "first"); last.Leave() })
	d.ask("b")
	last.Await(document, func(*proxy.Reply) { d.said = append(d.said, "last") })
	d.say("200", least)
	d.check("told", 1, "first", "b 200 public, max-age=60")
}

// TestNotEverybodyWaits: one more than may wait is told at once that there is no document.
func TestNotEverybodyWaits(t *testing.T) {
	d := newDesk(t)
	for range maxWaiting {
		if !d.ask("waits").Waits() {
			t.Fatal("does not wait")
		}
	}
	d.ask("b")
	d.check("one too many", 1, "b 502 no-store")
}
