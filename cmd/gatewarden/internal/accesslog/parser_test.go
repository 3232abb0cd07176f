package accesslog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// show writes what is told of a record, for rows.
func show(r *Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d+%d %s %s %d", r.Start, r.Ended-r.Start, r.Method, r.Path, r.Status)
	for _, part := range []struct{ name, value string }{
		{"authority", r.Authority}, {"client", r.Client}, {"forwarded", r.Forwarded}, {"id", r.CredentialID}, {"failure", r.Failure}, {"guess", r.Guess},
		{"subject", r.Subject}, {"tenant", r.Tenant}, {"tier", r.Tier}, {"scopes", r.Scopes}, {"call", r.Call}, {"tool", r.Tool},
	} {
		if part.value != "" {
			fmt.Fprintf(&b, " %s=%s", part.name, part.value)
		}
	}
	if r.Credits >= 0 {
		fmt.Fprintf(&b, " credits=%d", r.Credits)
	}
	if r.Answered != r.Ended {
		fmt.Fprintf(&b, " answered=+%d", r.Answered-r.Start)
	}
	if r.GRPC != NoGRPC {
		fmt.Fprintf(&b, " grpc=%d", r.GRPC)
	}
	if r.Credential != Unknown {
		fmt.Fprintf(&b, " credential=%t", r.Credential == Present)
	}
	if r.Refused {
		b.WriteString(" refused")
	}
	for _, m := range []struct {
		is   Missing
		word string
	}{{WholeSeconds, " seconds"}, {NoDuration, " no-duration"}, {NoZone, " no-zone"}} {
		if r.Missing&m.is != 0 {
			b.WriteString(m.word)
		}
	}
	for _, h := range r.Headers {
		fmt.Fprintf(&b, " %s:%s", h.Name, h.Value)
	}
	return b.String()
}

func parserWith(t testing.TB, hops int, fields ...string) *Parser {
	t.Helper()
	f, err := NewFields(fields)
	if err != nil {
		t.Fatal(err)
	}
	return &Parser{Fields: f, Hops: hops}
}

// Lines as Envoy 1.40 wrote them, and as Istio's documentation shows them.
const (
	ofEnvoyYAML = `{"client":"192.0.2.7","details":"via_upstream","duration_ms":12,"method":"GET","path":"/api/v1/items","protocol":"HTTP/1.1","status":401,"time":"2026-11-22T22:53:43.758Z"}`
	ofEnvoy     = `[2026-11-22T22:53:43.758Z] "GET /b HTTP/1.1" 401 - 0 0 7 - "192.0.2.2" "curl/7.88.1" "e265c1d0-b4c2-46e7-b9f6-bd70672db94c" "localhost:18473" "-"`
	ofIstio     = `[2026-11-22T22:53:43.758Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 3 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default`
	ofIstioJSON = `{"start_time":"2026-11-22T22:53:43.758Z","method":"POST","path":"/mcp","protocol":"HTTP/2","response_code":"429","response_code_details":"gatewarden_locked_out","duration":"3","x_forwarded_for":"192.0.2.1,10.0.0.1","downstream_remote_address":"10.44.1.23:46520","authority":"x","route_name":"default","connection_termination_details":null}`
)

const moment = "1795388023758+"

func TestLines(t *testing.T) {
	for _, row := range []struct {
		name, line, want string
		hops             int
		fields           []string
	}{
		{"envoy.yaml", ofEnvoyYAML, moment + "12 GET /api/v1/items 401 client=192.0.2.7", 0, nil},
		{"Envoy's text", ofEnvoy, moment + "7 GET /b 401 authority=localhost:18473 client=192.0.2.2 forwarded=192.0.2.2", 0, nil},
		{"Istio's text", ofIstio, moment + "4 GET /status/418 418 authority=httpbin:8000 client=10.44.1.23:46520", 0, nil},
		{"Istio's JSON", ofIstioJSON, moment + "3 POST /mcp 429 authority=x client=10.44.1.23:46520 forwarded=192.0.2.1,10.0.0.1 refused", 0, nil},
		{"Kubernetes in front", "2026-11-22T22:53:43.758123456Z stdout F " + ofEnvoyYAML + "\r", moment + "12 GET /api/v1/items 401 client=192.0.2.7", 0, nil},
		{"the first name counts", `{"start_time":1,"time":2,"method":"GET","path":"/","status":200}`, "2000+0 GET / 200", 0, nil},
		{"in any order", `{"time":2,"start_time":1,"method":"GET","path":"/","status":200}`, "2000+0 GET / 200", 0, nil},
		{"unless told", `{"time":2,"start_time":1,"method":"GET","path":"/","status":200}`, "1000+0 GET / 200", 0, []string{"time=start_time"}},
		{"nested", `{"time":1,"http":{"method":"GET"},"path":"/","status":200,"ip":"a"}`, "1000+0 GET / 200 client=a", 0, []string{"method=http.method", "client=ip"}},
		{"a header", `{"time":1,"method":"GET","path":"/","status":200,"ip":"192.0.2.9"}`, "1000+0 GET / 200 x-real-ip:192.0.2.9", 0, []string{"header:X-Real-IP=ip"}},
		{"all that a log may tell", `{"time":1,"method":"POST","path":"/t","status":400,"duration_ms":90,"response_duration":20,"credential":true,"credential_id":"c1","failure":"invalid_grant","guess":"9f3c0d1e","subject":"s","tenant":"t","tier":"pro","scopes":"a b","mcp_method":"tools/call","mcp_name":"draw","credits":40,"grpc_status":"Unauthenticated"}`,
			"1000+90 POST /t 400 id=c1 failure=invalid_grant guess=9f3c0d1e subject=s tenant=t tier=pro scopes=a b call=tools/call tool=draw credits=40 answered=+20 grpc=16 credential=true", 0, nil},
		{"credits that are none", `{"time":1,"method":"POST","path":"/t","status":200,"duration_ms":0,"tool":"-","cost":"many"}`, "1000+0 POST /t 200", 0, nil},
		{"no guess", `{"time":1,"method":"GET","path":"/","status":401,"guess":"-"}`, "1000+0 GET / 401", 0, nil},
		{"a guess of digits alone", `{"time":1,"method":"GET","path":"/","status":401,"guess":1234567890123456}`, "1000+0 GET / 401 guess=1234567890123456", 0, nil},
		{"a guess by another name", `{"time":1,"method":"GET","path":"/","status":401,"gw":{"guess":"ab"}}`, "1000+0 GET / 401 guess=ab", 0, []string{"guess=gw.guess"}},
		{"no credential", `{"time":1,"method":"GET","path":"/","status":401,"credential":"false"}`, "1000+0 GET / 401 credential=false", 0, nil},
		{"a dash for none", `{"time":1,"method":"GET","path":"/","status":401,"credential":"-","client":"-"}`, "1000+0 GET / 401 credential=false", 0, nil},
		{"a scheme for one", `{"time":1,"method":"GET","path":"/","status":401,"credential":"Bearer"}`, "1000+0 GET / 401 credential=true", 0, nil},
		{"who was not let in", `{"time":1,"method":"GET","path":"/","status":401,"reason":"auth_denied","details":"gatewarden_auth_denied"}`, "1000+0 GET / 401", 0, nil},
		{"a reason alone", `{"time":1,"method":"GET","path":"/","status":429,"reason":"locked_out"}`, "1000+0 GET / 429 refused", 0, nil},
		{"never answered", `{"time":1,"method":"GET","path":"/","status":0}`, "1000+0 GET / 0", 0, nil},
		{"milliseconds", `{"time":1795388023758,"method":"GET","path":"/","status":200}`, moment + "0 GET / 200", 0, nil},
		{"another zone", `{"time":"2026-11-23T00:53:43.758+02:00","method":"GET","path":"/","status":200}`, moment + "0 GET / 200", 0, nil},
		{"microseconds", `{"time":"2026-11-22T22:53:43.758999Z","method":"GET","path":"/","status":200}`, moment + "0 GET / 200", 0, nil},
		{"behind one proxy", `{"time":1,"method":"GET","path":"/","status":200,"x_forwarded_for":"9.9.9.9, 192.0.2.1, 10.0.0.1"}`,
			"1000+0 GET / 200 client=192.0.2.1 forwarded=9.9.9.9, 192.0.2.1, 10.0.0.1", 1, nil},
		{"behind more than there are", `{"time":1,"method":"GET","path":"/","status":200,"x_forwarded_for":"192.0.2.1, 10.0.0.1"}`,
			"1000+0 GET / 200 client=10.0.0.1 forwarded=192.0.2.1, 10.0.0.1", 2, nil},
		{"a quote in a path of JSON", `{"time":1,"method":"GET","path":"/a\"b\u001b","status":200}`, "1000+0 GET /a\"b\x1b 200", 0, nil},

		{"empty", " \t", "other", 0, nil},
		{"Envoy's own log", `[2026-11-22 22:51:43.976][30439][warning][main] [source/server/server.cc:1059] There is no limit`, "other", 0, nil},
		{"Istio's own log", "2026-11-22T22:51:43.976Z\tinfo\tReadiness succeeded", "other", 0, nil},
		{"a connection", `{"time":"2026-11-22T22:53:43.758Z","status":400,"details":"http1.codec_error"}`, "no request", 0, nil},

		{"a quote in a header", `[2026-11-22T22:53:43.850Z] "GET /c HTTP/1.1" 200 - 0 0 0 - "1.2.3.4" "x,192.0.2.2" "a" "b" "71bc8bfb" "localhost" "-"`, quoteInHeader, 0, nil},
		{"a quote in the path", `[2026-11-22T22:53:43.850Z] "GET /c"d HTTP/1.1" 200 - 0 0 0 - "1.2.3.4" "a" "71bc8bfb" "localhost" "-"`, quoteInHeader, 0, nil},
		{"half a line", ofEnvoyYAML[:60], "it begins like JSON, and breaks off behind column 60", 0, nil},
		{"no log", "Hello", "it comes nearest to the Common or Combined Log Format, but breaks at column 6, where a word or a dash should be", 0, nil},
		{"no time", `{"method":"GET","path":"/","status":200}`, "it has no time; --field time=NAME names the one that has it", 0, nil},
		{"a strange time", `{"time":"yesterday\u001b[2J","method":"GET","path":"/","status":200}`, `its time is "yesterday\x1b[2J"; --field time=NAME names the one that has it`, 0, nil},
		{"a day that is none", `{"time":"2026-02-30T00:00:00.000Z","method":"GET","path":"/","status":200}`, `its time is "2026-02-30T00:00:00.000Z"; --field time=NAME names the one that has it`, 0, nil},
		{"no status", `{"time":1,"method":"GET","path":"/"}`, "it has no status; --field status=NAME names the one that has it", 0, nil},
		{"a strange status", `{"time":1,"method":"GET","path":"/","status":"ok"}`, `its status is "ok"; --field status=NAME names the one that has it`, 0, nil},
		{"no method, no path", `{"time":1,"verb":"GET","url":"/","status":200}`, "it has no method and no path; --field method=NAME and path=NAME name those that have them", 0, nil},
	} {
		var r Record
		is, problem := parserWith(t, row.hops, row.fields...).parse(row.line, &r)
		got := [...]string{isRecord: show(&r), isOther: "other", isNoRequest: "no request", isUnreadable: problem}[is]
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

func TestFieldsThatAreNone(t *testing.T) {
	for _, row := range []struct{ given, want string }{
		{"client", `--field "client" has no name behind an equals sign; write for example client=src_ip`},
		{"client=", `--field "client=" has no name behind an equals sign; write for example client=src_ip`},
		{"ip=x", `--field "ip" is no field; write one of time, client, forwarded, method, path, authority, status, details, reason, duration, response_duration, grpc_status, credential, credential_id, failure, guess, subject, tenant, tier, scopes, mcp_method, tool, credits, or header: and the name of a request header`},
	} {
		_, err := NewFields([]string{row.given})
		if err == nil || err.Error() != row.want {
			t.Errorf("%s: %v", row.given, err)
		}
	}
	var many []string
	for i := range maxHeaders + 1 {
		many = append(many, fmt.Sprintf("header:h%d=h", i))
	}
	if _, err := NewFields(many); err == nil {
		t.Error("more headers than there is room for are taken")
	}
}

// Reading a line of envoy.yaml makes no garbage.
func TestLinesMakeNoGarbage(t *testing.T) {
	p := parserWith(t, 0)
	var r Record
	if n := testing.AllocsPerRun(100, func() { p.parse(ofEnvoyYAML, &r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzParse looks for lines that break the parser, or that give a record with what
// the rest relies on not to be there.
func FuzzParse(f *testing.F) {
	for _, line := range []string{ofEnvoyYAML, ofEnvoy, ofIstio, ofIstioJSON, `[`, `[] "`, `{"time":"9999999999999999999"}`, `{"time":1e300,"status":200}`} {
		f.Add(line, 0)
		f.Add(line, 2)
	}
	p := parserWith(f, 0, "header:x-real-ip=a.b")
	f.Fuzz(func(t *testing.T, line string, hops int) {
		p := &Parser{Fields: p.Fields, Hops: hops & 7}
		var r Record
		is, problem := p.parse(line, &r)
		switch {
		case (is == isUnreadable) != (problem != ""):
			t.Errorf("%d with the problem %q", is, problem)
		case is != isRecord:
		case r.Start <= 0 || r.Start >= latest || r.Answered < r.Start || r.Ended < r.Answered:
			t.Errorf("from %d over %d to %d", r.Start, r.Answered, r.Ended)
		case r.Method == "" || r.Path == "" || r.Status < 0 || r.Status > 999 || r.GRPC < NoGRPC:
			t.Errorf("%+v", r)
		}
		for _, c := range problem {
			if c < ' ' || c > '~' {
				t.Errorf("the problem has %q: %q", c, problem)
			}
		}
	})
}

// The quick way to read a time says what the standard library says.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-11-22T22:53:43.758Z", "2024-02-29T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "2100-02-29T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-11-22T22:53:60.000Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const form = "2006-01-02T15:04:05.000Z"
		ms, ok := parseUTC(text)
		want, err := time.Parse(form, text)
		exact := err == nil && want.Year() >= 1970 && want.Format(form) == text // it reads others, too
		leapSecond := ok && text[17:19] == "60"
		if ok != exact && !leapSecond || exact && ms != want.UnixMilli() {
			t.Errorf("%q is %d, %t; %v, %v", text, ms, ok, want, err)
		}
	})
}
