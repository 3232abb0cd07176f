package accesslog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Lines as nginx 1.22, Apache 2.4, HAProxy 2.6 and Caddy 2.6 wrote them, and as the
// documentation of Traefik and AWS shows them.
const (
	ofNginx       = `192.0.2.7 - - [22/Nov/2026:23:53:43 +0100] "GET /api/v1/items?a=b%22c\x22d HTTP/1.1" 401 9 "-" "curl/7.88.1"`
	ofNginxMain   = `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a HTTP/1.1" 200 9 "-" "curl/7.88.1" "198.51.100.4, 10.0.0.1"`
	ofApache      = `192.0.2.7 - john doe [22/Nov/2026:22:53:43 +0000] "POST /a\"b\\ HTTP/1.1" 401 381 "-" "x \"y\" z"`
	ofApacheVhost = `www.example.com:443 192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET / HTTP/1.1" 200 11 "-" "-"`
	ofTraefik     = `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a HTTP/1.1" 401 12 "-" "curl/8.5.0" 7 "web@docker" "http://10.0.0.5:80" 31ms`
	ofHAProxyLine = `192.0.2.7:41370 [22/Nov/2026:22:53:43.758] public~ service/one 0/0/1/4/9 401 187 - - ---- 1/1/0/0/0 0/0 {example.com|} {} "GET /a?b=#22 HTTP/1.1"`
	ofALBLine     = `https 2026-11-22T22:53:43.800641Z app/my-loadbalancer/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.001 0.030 0.000 401 401 0 57 "GET https://www.example.com:443/a?b HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "www.example.com" "-" 0 2026-11-22T22:53:43.758000Z "forward" "-" "-" "10.0.0.1:80" "401" "-" "-"`
	ofCaddyLine   = `{"level":"info","ts":1795388023.7585,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"192.0.2.7","remote_port":"40892","proto":"HTTP/1.1","method":"GET","host":"127.0.0.1:18473","uri":"/a?b=\"d","headers":{"User-Agent":["curl/7.88.1"],"X-Forwarded-For":["198.51.100.4"],"Authorization":[]}},"user_id":"","duration":0.0125,"size":0,"status":401,"resp_headers":{"Server":["Caddy"]}}`
	ofTraefikJSON = `{"ClientAddr":"192.0.2.7:52654","ClientHost":"192.0.2.7","ClientUsername":"-","DownstreamStatus":401,"Duration":3454189,"OriginStatus":401,"RequestHost":"www.example.com","RequestMethod":"GET","RequestPath":"/.env","StartUTC":"2026-11-22T22:53:43.758830187Z","level":"info","msg":"","request_Authorization":"REDACTED","time":"2026-11-22T22:53:43Z"}`
	ofNginxJSON   = `{"time_iso8601":"2026-11-22T22:53:43+00:00","remote_addr":"192.0.2.7","request_method":"GET","request_uri":"/a?b","uri":"/a","status":"401","request_time":"0.012","http_x_forwarded_for":"-"}`
	ofNginxPlain  = `{"time": "22/Nov/2026:22:53:43 +0000", "remote_ip": "192.0.2.7", "remote_user": "-", "request": "GET /a HTTP/1.1", "response": 304, "bytes": 0, "referrer": "-", "agent": "x"}`
)

const whole = "1795388023000+"

func TestForeignLines(t *testing.T) {
	for _, row := range []struct {
		name, line, want string
		hops             int
	}{
		{"nginx's combined, in another zone", ofNginx, whole + "0 GET /api/v1/items?a=b%22c\"d 401 client=192.0.2.7 seconds no-duration", 0},
		{"nginx.conf's main, behind one more proxy", ofNginxMain, whole + "0 GET /a 200 client=192.0.2.7 forwarded=198.51.100.4, 10.0.0.1 seconds no-duration", 0},
		{"Apache's combined, with a user", ofApache, whole + `0 POST /a"b\ 401 client=192.0.2.7 credential=true seconds no-duration`, 0},
		{"Apache's vhost_combined", ofApacheVhost, whole + "0 GET / 200 authority=www.example.com:443 client=192.0.2.7 seconds no-duration", 0},
		{"the Common Log Format", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a HTTP/1.0" 404 -`, whole + "0 GET /a 404 client=192.0.2.7 seconds no-duration", 0},
		{"Traefik's text", ofTraefik, whole + "31 GET /a 401 client=192.0.2.7 seconds", 0},
		{"X-Forwarded-For in front", "198.51.100.4, 10.0.0.1" + ofNginx[9:], whole + "0 GET /api/v1/items?a=b%22c\"d 401 client=198.51.100.4 forwarded=198.51.100.4, 10.0.0.1 seconds no-duration", 1},
		{"IPv6", "2001:db8::7" + ofNginxMain[9:], whole + "0 GET /a 200 client=2001:db8::7 forwarded=198.51.100.4, 10.0.0.1 seconds no-duration", 0},
		{"no version of HTTP", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a" 200 9 "-" "-"`, whole + "0 GET /a 200 client=192.0.2.7 seconds no-duration", 0},
		{"a whole URL", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET http://a.example/b HTTP/1.1" 200 9 "-" "-"`, whole + "0 GET /b 200 authority=a.example client=192.0.2.7 seconds no-duration", 0},
		{"cut off in the user agent", ofNginx[:len(ofNginx)-5], whole + "0 GET /api/v1/items?a=b%22c\"d 401 client=192.0.2.7 seconds no-duration", 0},
		{"a quote in a query, as Traefik leaves it", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a?"b"=c HTTP/1.1" 401 12 "-" "-" 7 "-" "-" 1ms`, whole + `1 GET /a?"b"=c 401 client=192.0.2.7 seconds`, 0},
		{"a user who writes a line of his own", `192.0.2.7 - x [1/Jan/2020:00:00:00 +0000] \x22GET / HTTP/1.1\x22 200 1 [22/Nov/2026:22:53:43 +0000] "GET /a HTTP/1.1" 401 9 "-" "-"`, whole + "0 GET /a 401 client=192.0.2.7 credential=true seconds no-duration", 0},
		{"HAProxy", ofHAProxyLine, moment + `9 GET /a?b=" 401 client=192.0.2.7 answered=+5 no-zone`, 0},
		{"HAProxy by syslog", "Nov 22 22:53:43 lb1 haproxy[14389]: " + ofHAProxyLine, moment + `9 GET /a?b=" 401 client=192.0.2.7 answered=+5 no-zone`, 0},
		{"HAProxy by systemd's syslog", "2026-11-22T22:53:43.758123+01:00 lb1 haproxy[14389]: " + ofHAProxyLine, moment + `9 GET /a?b=" 401 client=192.0.2.7 answered=+5 no-zone`, 0},
		{"HAProxy, RFC 3164", "<134>Nov 22 22:53:43 haproxy[14389]: " + ofHAProxyLine, moment + `9 GET /a?b=" 401 client=192.0.2.7 answered=+5 no-zone`, 0},
		{"HAProxy, RFC 5424", "<134>1 2026-11-22T22:53:43.758123+01:00 lb1 haproxy 14389 - - " + ofHAProxyLine, moment + `9 GET /a?b=" 401 client=192.0.2.7 answered=+5 no-zone`, 0},
		{"HAProxy, with a zone, IPv6 and option logasap", `2001:db8::7:41370 [22/Nov/2026:22:53:43.758 +0000] a b/c 0/0/1/4/+9 401 +187 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"`, "", 0},
		{"HAProxy answered nothing", `192.0.2.7:41370 [22/Nov/2026:22:53:43.758] a b/c 0/0/-1/-1/9 -1 0 - - CC-- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"`, moment + "9 GET /a 0 client=192.0.2.7 no-zone", 0},
		{"nginx by syslog", "<190>Nov 22 22:53:43 web1 nginx: " + ofNginxMain, whole + "0 GET /a 200 client=192.0.2.7 forwarded=198.51.100.4, 10.0.0.1 seconds no-duration", 0},
		{"a load balancer of AWS", ofALBLine, moment + "42 GET /a?b 401 authority=www.example.com:443 client=192.0.2.7 answered=+31", 0},
		{"the same as of its first years", ofALBLine[:strings.Index(ofALBLine, ` "www.example.com"`)], "1795388023769+31 GET /a?b 401 authority=www.example.com:443 client=192.0.2.7", 0},
		{"Caddy", ofCaddyLine, "1795388023746+12 GET /a?b=\"d 401 authority=127.0.0.1:18473 client=192.0.2.7 forwarded=198.51.100.4 credential=true", 0},
		{"Caddy, no credential", strings.Replace(ofCaddyLine, `,"Authorization":[]`, "", 1), "1795388023746+12 GET /a?b=\"d 401 authority=127.0.0.1:18473 client=192.0.2.7 forwarded=198.51.100.4 credential=false", 0},
		{"Caddy, another credential", strings.Replace(ofCaddyLine, `Authorization`, "X-Api-Key", 1), "1795388023746+12 GET /a?b=\"d 401 authority=127.0.0.1:18473 client=192.0.2.7 forwarded=198.51.100.4 credential=true", 0},
		{"Caddy, with a duration of words", strings.Replace(ofCaddyLine, "0.0125", `"12.5ms"`, 1), "1795388023746+12 GET /a?b=\"d 401 authority=127.0.0.1:18473 client=192.0.2.7 forwarded=198.51.100.4 credential=true", 0},
		{"Traefik's JSON", ofTraefikJSON, moment + "3 GET /.env 401 authority=www.example.com client=192.0.2.7 credential=true", 0},
		{"Traefik's JSON behind a proxy", strings.Replace(ofTraefikJSON, `"ClientHost":"192.0.2.7"`, `"ClientHost":"198.51.100.4, 10.0.0.1"`, 1), moment + "3 GET /.env 401 authority=www.example.com client=198.51.100.4 forwarded=198.51.100.4, 10.0.0.1 credential=true", 1},
		{"nginx's JSON", ofNginxJSON, "1795388022988+12 GET /a?b 401 client=192.0.2.7 seconds", 0},
		{"nginx's JSON by msec", strings.Replace(ofNginxJSON, `"time_iso8601":"2026-11-22T22:53:43+00:00"`, `"msec":"1795388023.758"`, 1), "1795388023746+12 GET /a?b 401 client=192.0.2.7", 0},
		{"a JSON with a request that is no line", `{"start_time":"2026-11-22T22:53:43.758Z","duration":5,"request_method":"GET","request":"7f","uri":"/a","status":401}`, moment + "5 GET /a 401", 0},
		{"a JSON with another object", `{"start_time":"2026-11-22T22:53:43.758Z","duration":5,"method":"GET","request":{"id":"7f","method":"PUT"},"path":"/a","status":401}`, moment + "5 GET /a 401", 0},
		{"a user agent that names a client, in Traefik's text", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "GET /a HTTP/1.1" 401 12 "-" "x" "198.51.100.4" 7 "-" "-" 1ms`, whole + "0 GET /a 401 client=192.0.2.7 seconds no-duration", 0},
		{"nginx in Kubernetes", "2026-11-22T22:53:43.758123456Z stdout F " + ofNginxMain, whole + "0 GET /a 200 client=192.0.2.7 forwarded=198.51.100.4, 10.0.0.1 seconds no-duration", 0},
		{"nginx's JSON with a request line", ofNginxPlain, whole + "0 GET /a 304 client=192.0.2.7 seconds no-duration", 0},

		{"a TLS handshake at a port without", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "\x16\x03\x01\x02\x00" 400 157 "-" "-"`, "no request", 0},
		{"Apache's connection without a request", `192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "-" 408 - "-" "-"`, "no request", 0},
		{"HAProxy's bad request", `192.0.2.7:41370 [22/Nov/2026:22:53:43.758] a a/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"`, "no request", 0},
		{"HAProxy's failed handshake", `192.0.2.7:41370 [22/Nov/2026:22:53:43.758] a/1: SSL handshake failure`, "no request", 0},
		{"HAProxy's TCP connection", `192.0.2.7:41370 [22/Nov/2026:22:53:43.758] a b/c 0/0/9 212 -- 0/0/0/0/0 0/0`, "no request", 0},

		{"nginx's error log", `2026/11/22 22:53:43 [error] 7#7: *1 open() "/a" failed (2: No such file or directory), client: 192.0.2.7, request: "GET /a HTTP/1.1"`, "other", 0},
		{"Apache's error log", `[Sun Nov 22 22:53:43.758412 2026] [authz_core:error] [pid 7:tid 9] [client 192.0.2.7:41370] AH01630: client denied: "/a"`, "other", 0},
		{"Apache's old error log", `[Thu Jun 09 06:07:04 2005] [notice] LDAP: Built with OpenLDAP LDAP SDK`, "other", 0},
		{"HAProxy's own lines", `[NOTICE]   (1) : New worker (8) forked`, "other", 0},
		{"HAProxy's own lines by syslog", `Nov 22 22:53:43 lb1 haproxy[14389]: Proxy public started.`, "other", 0},
		{"syslog", `Nov  2 22:53:43 lb1 sshd[812]: Failed password for root from 192.0.2.7 port 22 ssh2`, "other", 0},
		{"syslog with a number", `<38>Nov  2 22:53:43 lb1 sshd[812]: Failed password for root`, "other", 0},
		{"Caddy's own lines", `{"level":"info","ts":1795388023.75,"logger":"http.log","msg":"server running","name":"srv0"}`, "other", 0},
		{"Caddy's second line about an error", strings.Replace(ofCaddyLine, `"user_id":""`, `"err_id":"vk2ny8j5k"`, 1), "other", 0},
	} {
		if row.want == "" {
			row.want = moment + "9 GET /a 401 client=2001:db8::7 answered=+5"
		}
		p := parserWith(t, row.hops)
		p.Fields.SetCredentials([]string{"authorization", "x-api-key"})
		var r Record
		is, problem := p.parse(row.line, &r)
		got := [...]string{isRecord: show(&r), isOther: "other", isNoRequest: "no request", isUnreadable: problem}[is]
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// A line that cannot be read is told the format that it comes nearest to, and where it
// is not of that.
func TestBrokenLines(t *testing.T) {
	const common, haproxy, alb = "the Common or Combined Log Format", "HAProxy's HTTP format", "the format of AWS's Application Load Balancer"
	for _, row := range []struct{ name, line, format, at, wanted string }{
		{"no date", `192.0.2.7 - - "GET / HTTP/1.1" 200 5`, common, `"GET`, "a time in brackets, such as [10/Oct/2000:13:55:36 -0700]"},
		{"another date", `192.0.2.7 - - [2026-11-22 22:53:43] "GET / HTTP/1.1" 200 5`, common, "2026", "a time such as 10/Oct/2000:13:55:36 -0700, and behind it the request in quotes"},
		{"a month of another language", strings.Replace(ofNginx, "Nov", "Dez", 1), common, "22/Dez", "a time such as 10/Oct/2000:13:55:36 -0700"},
		{"a day that is none", strings.Replace(ofNginx, "22/Nov", "31/Nov", 1), common, "31/Nov", "a time such as 10/Oct/2000:13:55:36 -0700"},
		{"a zone that is none", strings.Replace(ofNginx, "+0100", "+2500", 1), common, "22/Nov", "a time such as 10/Oct/2000:13:55:36 -0700"},
		{"no status", strings.Replace(ofNginx, "401", "abc", 1), common, "abc", "a status of three digits"},
		{"a status of two digits", strings.Replace(ofNginx, "401", "40", 1), common, "40 ", "a status of three digits"},
		{"no size", strings.Replace(ofNginx, "401 9", "401 nine", 1), common, "nine", "a size in bytes, or a dash"},
		{"nothing but a client", "192.0.2.7" + ofNginx[13:], common, "[", "a user or a dash, and then the time in brackets"},
		{"four timers", strings.Replace(ofHAProxyLine, "0/0/1/4/9", "0/0/1/9", 1), haproxy, "0/0/1/9", "five times in milliseconds, such as 10/0/30/69/109"},
		{"by syslog", "Nov 22 22:53:43 lb1 haproxy[1]: " + strings.Replace(ofHAProxyLine, "----", "--", 1), haproxy, "-- 1/1", "four letters of how the session ended"},
		{"in Kubernetes", "2026-11-22T22:53:43.758123456Z stderr F " + strings.Replace(ofNginx, "401", "abc", 1), common, "abc", "a status of three digits"},
		{"no request", strings.TrimSuffix(ofHAProxyLine, ` "GET /a?b=#22 HTTP/1.1"`) + " GET", haproxy, "GET", "the request in quotes"},
		{"a brace", strings.Replace(ofHAProxyLine, "} {} ", "", 1), haproxy, "{example", "a brace that closes, and behind it the request in quotes"},
		{"no port", strings.Replace(ofHAProxyLine, ":41370", "", 1), common, "service", "a time in brackets, such as [10/Oct/2000:13:55:36 -0700]"},
		{"a time of AWS", strings.Replace(ofALBLine, "43.800641Z", "43", 1), alb, "2026-11-22T22:53:43 ", "a time such as 2018-07-02T22:23:00.186641Z"},
		{"a status of AWS", strings.Replace(ofALBLine, "401 401", "4o1 401", 1), alb, "4o1", "a status of three digits"},
	} {
		var r Record
		is, problem := parserWith(t, 0).parse(row.line, &r)
		want := fmt.Sprintf("it comes nearest to %s, but breaks at column %d, where %s should be", row.format, strings.Index(row.line, row.at)+1, row.wanted)
		if is != isUnreadable || problem != want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, problem, want)
		}
	}
}

// Times without a zone are in the zone that the user names, in summer and in winter.
func TestZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err) // the machine has no time zones
	}
	for _, row := range []struct{ line, want string }{
		{ofHAProxyLine, "1795384423758+9 GET /a?b=\" 401 client=192.0.2.7 answered=+5"},
		{strings.Replace(ofHAProxyLine, "22/Nov", "22/Jun", 1), "1782161623758+9 GET /a?b=\" 401 client=192.0.2.7 answered=+5"},
		{strings.Replace(ofHAProxyLine, ".758]", ".758 +0000]", 1), moment + "9 GET /a?b=\" 401 client=192.0.2.7 answered=+5"},
		{ofNginx, whole + "0 GET /api/v1/items?a=b%22c\"d 401 client=192.0.2.7 seconds no-duration"},
	} {
		p := parserWith(t, 0)
		p.Zone = berlin
		var r Record
		if _, problem := p.parse(row.line, &r); show(&r) != row.want {
			t.Errorf("%s: %s\n got %s\nwant %s", row.line, problem, show(&r), row.want)
		}
	}
}

func TestBrokenJSON(t *testing.T) {
	for _, row := range []struct{ line, want string }{
		{`{"a":1`, "it begins like JSON, and breaks off behind column 6"},
		{`{"a":x}`, "it begins like JSON and is none from column 6 on"},
		{`{"a":"\x22"}`, "it begins like JSON and is none from column 8 on; nginx writes JSON where its log_format has escape=json"},
	} {
		var r Record
		if _, problem := parserWith(t, 0).parse(row.line, &r); problem != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.line, problem, row.want)
		}
	}
}

// Reading a line of another proxy makes no garbage either.
func TestForeignLinesMakeNoGarbage(t *testing.T) {
	p := parserWith(t, 0)
	var r Record
	for _, line := range []string{ofNginxMain, ofTraefik, strings.Replace(ofHAProxyLine, "#22", "", 1), ofALBLine, ofTraefikJSON, ofNginxPlain} {
		if n := testing.AllocsPerRun(100, func() { p.parse(line, &r) }); n > 0 {
			t.Errorf("%v allocations: %s", n, line)
		}
	}
}

// written are the formats, for a record that was read: what it says, written again.
var written = [formats]func(r *Record) string{
	ofCommon: func(r *Record) string {
		client, user := orDash(r.Client), "-"
		if r.Credential == Present {
			user = "x"
		}
		line := fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %03d 0 "-" "-"`, client, user,
			time.UnixMilli(r.Start).UTC().Format("02/Jan/2006:15:04:05 -0700"), r.Method, target(r), r.Status)
		if r.Ended > r.Start {
			return line + fmt.Sprintf(` 1 "-" "-" %dms`, r.Ended-r.Start)
		}
		if r.Missing&NoDuration == 0 {
			return line + ` 1 "-" "-" 0ms`
		}
		return line
	},
	ofHAProxy: func(r *Record) string {
		zone := " -0700"
		if r.Missing&NoZone != 0 {
			zone = ""
		}
		status := fmt.Sprintf("%03d", r.Status)
		if r.Status == 0 {
			status = "-1"
		}
		return fmt.Sprintf(`%s:1 [%s] a b/c 0/0/0/%d/%d %s 0 - - ---- 0/0/0/0/0 0/0 "%s %s HTTP/1.1"`, r.Client,
			time.UnixMilli(r.Start).UTC().Format("02/Jan/2006:15:04:05.000"+zone), r.Answered-r.Start, r.Ended-r.Start, status, r.Method, hashed(target(r)))
	},
	ofALB: func(r *Record) string {
		created, ended := time.UnixMilli(r.Start).UTC(), time.UnixMilli(r.Ended).UTC()
		const form = "2006-01-02T15:04:05.000Z"
		return fmt.Sprintf(`http %s a [%s]:1 - 0 %.3f 0 %03d - 0 0 "%s %s HTTP/1.1" "-" - - - "-" "-" "-" 0 %s "-"`,
			ended.Format(form), r.Client, float64(r.Answered-r.Start)/1000, r.Status, r.Method, target(r), created.Format(form))
	},
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// target is the path as nginx would write it, or the URL.
func target(r *Record) string {
	var b strings.Builder
	if r.Authority != "" {
		b.WriteString("http://" + r.Authority)
	}
	for i := range len(r.Path) {
		if c := r.Path[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hashed is a target as HAProxy would write it.
func hashed(target string) string {
	return strings.NewReplacer(`\x`, "#").Replace(strings.ReplaceAll(target, "#", "#23"))
}

// FuzzForeign looks for lines that break a parser, and for lines that say something else
// when they are written again and read again.
func FuzzForeign(f *testing.F) {
	for _, line := range []string{
		ofNginx, ofNginxMain, ofApache, ofApacheVhost, ofTraefik, ofHAProxyLine, ofALBLine, ofCaddyLine, ofTraefikJSON, ofNginxJSON, ofNginxPlain,
		"Nov 22 22:53:43 lb1 haproxy[1]: " + ofHAProxyLine, "<134>1 2026-11-22T22:53:43Z h p 1 - [a b=\"c\"] " + ofNginx, "<1>", "a:1 [00/", "http 2",
		",  [00/00000000000000000000000] \"",
	} {
		f.Add(line)
	}
	p := parserWith(f, 0)
	f.Fuzz(func(t *testing.T, line string) {
		var r, again Record
		is, problem := p.parse(line, &r)
		if (is == isUnreadable) != (problem != "") {
			t.Errorf("%d with the problem %q", is, problem)
		}
		if is != isRecord || strings.HasPrefix(line, "{") {
			return
		}
		message, _ := cutSyslog(unwrap(line))
		of := formatOf(message)
		if of == noFormat || isStrange(&r) || of == ofCommon && r.Start%1000 != 0 { // it has no fractions of a second
			return
		}
		text := written[of](&r)
		if is, problem := p.parse(text, &again); is != isRecord || show(&again) != show(&r) {
			t.Errorf("%q\n says %s\nas %q\n says %s %s", line, show(&r), text, show(&again), problem)
		}
	})
}

// isStrange tells the records that no proxy could have written.
func isStrange(r *Record) bool {
	const most = 4 << 40 // of the four digits of a year
	return r.Ended > most || r.Start < 1000 || strings.ContainsAny(r.Client+r.Forwarded+r.Authority, " \",[]/?#\\") || r.Forwarded != "" ||
		strings.ContainsAny(r.Path, " ") || r.Path == "-" || r.Authority != "" && r.Path[0] != '/' || strings.Contains(r.Path, "://") ||
		r.Client == "" || r.Client == "-" || r.Status < 100 && r.Status != 0
}

func BenchmarkParse(b *testing.B) {
	p := parserWith(b, 0)
	for _, row := range []struct{ name, line string }{
		{"Envoy's JSON", ofEnvoyYAML}, {"Envoy's text", ofEnvoy}, {"nginx", ofNginxMain}, {"Traefik", ofTraefik}, {"HAProxy", ofHAProxyLine},
		{"HAProxy by syslog", "Nov 22 22:53:43 lb1 haproxy[14389]: " + ofHAProxyLine}, {"ALB", ofALBLine},
		{"nginx's JSON", ofNginxJSON}, {"Traefik's JSON", ofTraefikJSON}, {"Caddy's JSON", ofCaddyLine},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.SetBytes(int64(len(row.line)))
			b.ReportAllocs()
			var r Record
			for b.Loop() {
				p.parse(row.line, &r)
			}
		})
	}
}

// A file may have every format, and lines of other logs in between.
func TestReaderReadsMixedFiles(t *testing.T) {
	lines := []string{
		ofEnvoyYAML, ofIstio, ofNginx, `2026/11/22 22:53:43 [error] 7#7: *1 connect() failed`, ofHAProxyLine, "Nov 22 22:53:43 lb1 haproxy[1]: " + ofHAProxyLine,
		"Nov 22 22:53:43 lb1 haproxy[1]: Proxy public started.", ofALBLine, ofCaddyLine, ofTraefik, ofTraefikJSON, ofNginxJSON, "Hello",
		`192.0.2.7 - - [22/Nov/2026:22:53:43 +0000] "-" 408 -`,
	}
	_, r, err := readAll(t, File{"a.log", strings.NewReader(strings.Join(lines, "\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Counts(); c != (Counts{Lines: 14, Requests: 10, Unreadable: 1, Other: 2, NoRequest: 1}) {
		t.Errorf("%+v %v", c, r.Problems())
	}
}
