package outcome

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/internal/fakehost"
)

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// message returns an NTLM message of a type.
func message(of byte) string {
	return "NTLMSSP\x00" + string([]byte{of, 0, 0, 0}) + strings.Repeat("x", 40)
}

// der returns an element of DER.
func der(tag byte, content string) string {
	length := string([]byte{byte(len(content))})
	switch {
	case len(content) >= 256:
		length = string([]byte{0x82, byte(len(content) >> 8), byte(len(content))})
	case len(content) >= 128:
		length = string([]byte{0x81, byte(len(content))})
	}
	return string([]byte{tag}) + length + content
}

// resp returns a NegTokenResp with a state, or without one if it is negative, and a token.
func resp(state int, token string) string {
	fields := ""
	if state >= 0 {
		fields = der(0xa0, der(0x0a, string([]byte{byte(state)})))
	}
	if token != "" {
		fields += der(0xa2, der(0x04, token))
	}
	return der(0xa1, der(0x30, fields))
}

// kerberos returns a token of Kerberos with an identifier.
func kerberos(id string) string {
	return der(0x60, "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"+id+strings.Repeat("x", 300))
}

func TestHandshake(t *testing.T) {
	const step, failure = Neutral, Failed
	serverFirst, clientFirst, clientFinal := b64("r=abc,s=W22,i=4096"), b64("n,,n=user,r=abc"), b64("c=biws,r=abc,p=x")
	for _, row := range []struct {
		name, authorization string
		lines               []string
		want                Judgement
	}{
		{"NTLM, second step", "NTLM " + b64(message(1)), []string{"NTLM " + b64(message(2))}, step},
		{"in any letter case", "ntlm " + b64(message(1)), []string{"Ntlm " + b64(message(2))}, step},
		{"among others", "NTLM " + b64(message(1)), []string{`Basic realm="x"`, "Negotiate, NTLM " + b64(message(2))}, step},
		{"beside a broken line", "NTLM " + b64(message(1)), []string{`Basic realm="x`, "NTLM " + b64(message(2))}, step},
		{"NTLM, refused", "NTLM " + b64(message(3)), []string{"NTLM"}, failure},
		{"NTLM, refused with the next challenge", "NTLM " + b64(message(3)), []string{"NTLM " + b64(message(2))}, failure},
		{"NTLM, no challenge", "NTLM " + b64(message(1)), nil, failure},
		{"NTLM, a bare challenge", "NTLM " + b64(message(1)), []string{"NTLM"}, failure},
		{"NTLM, another scheme's token", "NTLM " + b64(message(1)), []string{"NTLM", "Negotiate " + b64(message(2))}, failure},
		{"NTLM, a token that is none", "NTLM " + b64(message(1)), []string{"NTLM abc"}, failure},
		{"NTLM, the client's own token", "NTLM " + b64(message(1)), []string{"NTLM " + b64(message(1))}, failure},
		{"NTLM, a cut token", "NTLM " + b64(message(1)), []string{"NTLM " + b64("NTLMSSP\x00")}, failure},

		{"Negotiate, NTLM", "Negotiate " + b64(message(1)), []string{"Negotiate " + b64(message(2)), "NTLM"}, step},
		{"Negotiate, NTLM refused", "Negotiate " + b64(message(3)), []string{"Negotiate", "NTLM"}, failure},
		{"Negotiate, NTLM refused with the next challenge", "Negotiate " + b64(message(3)), []string{"Negotiate " + b64(message(2))}, failure},
		{"Negotiate, NTLM within SPNEGO", "Negotiate " + b64(resp(-1, message(1))), []string{"Negotiate " + b64(resp(1, message(2)))}, step},
		{"Negotiate, NTLM refused within SPNEGO", "Negotiate " + b64(resp(-1, message(3))), []string{"Negotiate " + b64(resp(1, message(2)))}, failure},
		{"Negotiate, incomplete", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(resp(1, ""))}, step},
		{"Negotiate, without a state", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(resp(-1, "token"))}, step},
		{"Negotiate, the MIC is missing", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(resp(3, strings.Repeat("x", 300)))}, step},
		{"Negotiate, rejected", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(resp(2, ""))}, failure},
		{"Negotiate, rejected at length", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(resp(2, strings.Repeat("x", 300)))}, failure},
		{"Negotiate, bare", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate"}, failure},
		{"Negotiate, an answer of Kerberos", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(kerberos("\x02\x00"))}, step},
		{"Negotiate, an error of Kerberos", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64(kerberos("\x03\x00"))}, failure},
		{"Negotiate, a bare error of Kerberos", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64("\x7e\x10")}, failure},
		{"Negotiate, a cut token", "Negotiate " + b64(kerberos("\x01\x00")), []string{"Negotiate " + b64("\xa1")}, step},

		{"SCRAM, first", "SCRAM-SHA-256 realm=\"r\", data=" + clientFirst, []string{"SCRAM-SHA-256 sid=AAAA, data=" + serverFirst}, step},
		{"SCRAM, quoted", "SCRAM-SHA-256 data=\"" + clientFirst + `"`, []string{"scram-sha-256 sid=AAAA, data=\"" + serverFirst + `"`}, step},
		{"SCRAM, the data first", "SCRAM-SHA-256 data=" + clientFirst, []string{"Digest nonce=x, SCRAM-SHA-256 data=" + serverFirst + ",sid=A"}, step},
		{"SCRAM, refused", "SCRAM-SHA-256 sid=AAAA, data=" + clientFinal, []string{"SCRAM-SHA-256 sid=AAAA, data=" + b64("e=invalid-proof")}, failure},
		{"SCRAM, refused at once", "SCRAM-SHA-256 data=" + clientFirst, []string{"SCRAM-SHA-256 data=" + b64("e=unknown-user")}, failure},
		{"SCRAM, refused with the next challenge", "SCRAM-SHA-256 sid=AAAA, data=" + clientFinal, []string{"SCRAM-SHA-256 sid=A, data=" + serverFirst}, failure},
		{"SCRAM, refused with no data", "SCRAM-SHA-256 sid=AAAA, data=" + clientFinal, []string{`SCRAM-SHA-256 realm="r"`}, failure},
		{"SCRAM, another scheme's data", "SCRAM-SHA-256 data=" + clientFirst, []string{"Digest data=" + serverFirst, "data=" + serverFirst, "SCRAM-SHA-256, Digest stale=true"}, failure},
		{"SCRAM, stale", "SCRAM-SHA-256 sr=A, data=" + clientFinal, []string{"SCRAM-SHA-256 stale=true, sr=B"}, step},

		{"Digest, stale", `Digest username="u", response="r"`, []string{`Digest realm="r", nonce="n", stale=true`}, step},
		{"Digest, stale in its letter case", `digest username="u"`, []string{`Digest realm="r", Stale = "TRUE"`}, step},
		{"Digest, stale for one algorithm", `Digest username="u"`, []string{`Digest algorithm=SHA-256, stale=false`, `Digest algorithm=MD5, stale=true`}, step},
		{"Digest, wrong", `Digest username="u"`, []string{`Digest realm="r", nonce="n"`}, failure},
		{"Digest, not stale", `Digest username="u"`, []string{`Digest realm="r", stale=false`}, failure},
		{"Digest, in a realm", `Digest username="u"`, []string{`Digest realm="stale=true"`}, failure},
		{"another scheme is stale", `Digest username="u"`, []string{`Digest realm="r", X stale=true`}, failure},

		{"DPoP, a nonce is missing", "DPoP t", []string{`DPoP error="use_dpop_nonce", error_description="x"`}, step},
		{"DPoP, wrong", "DPoP t", []string{`DPoP error="invalid_token"`}, failure},
		{"DPoP, another scheme's error", "DPoP t", []string{`DPoP error="invalid_token", Bearer error="use_dpop_nonce"`}, failure},

		// Only the scheme that was tried goes on.
		{"Basic", "Basic YTpi", []string{"NTLM " + b64(message(2)), "Digest stale=true"}, failure},
		{"Bearer", "Bearer t", []string{`Bearer error="use_dpop_nonce"`, "Digest stale=true"}, failure},
		{"HOBA", `HOBA result="a.b.c.d"`, []string{`HOBA challenge="x", max-age="10"`}, failure},
		{"a scheme of the same length", "Digast x", []string{"Digast stale=true", "Digest stale=true"}, failure},
		{"a bare SCRAM", "SCRAM- data=" + clientFirst, []string{"SCRAM- data=" + serverFirst}, failure},
	} {
		rule, ports := newRule(t, "rest")
		ports.response = hdr(":status", "401")
		for _, line := range row.lines {
			ports.response = append(ports.response, proxy.Header{Name: "www-authenticate", Value: line})
		}
		var s State
		s.Begin(rule, true, false, false)
		s.Handshake(hdr("authorization", row.authorization))
		if v := s.Headers(401, true); v.Judgement != row.want {
			t.Errorf("%s: %+v", row.name, v)
		}
		if v := s.Done(); s.Awaits() || v.Judgement != Neutral {
			t.Errorf("%s: awaits %v, %+v", row.name, s.Awaits(), v)
		}
	}
}

// Headers are read only of a 401 to a request with such a scheme.
func TestHandshakeCosts(t *testing.T) {
	for _, row := range []struct {
		name, authorization string
		status              int
		want                string
	}{
		{"a step", "NTLM " + b64(message(1)), 401, "response headers"},
		{"a success", "NTLM " + b64(message(3)), 200, ""},
		{"another status", "NTLM " + b64(message(3)), 403, ""},
		{"another scheme", "Bearer t", 401, ""},
		{"no scheme", "", 401, ""},
	} {
		rule, ports := newRule(t, "rest")
		var s State
		s.Begin(rule, true, false, false)
		s.Handshake(hdr("authorization", row.authorization))
		s.Headers(row.status, true)
		if got := strings.Join(ports.calls, ", "); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

// Of two Authorization lines nobody knows which one the service reads.
func TestTwoHandshakes(t *testing.T) {
	for _, headers := range [][]proxy.Header{
		hdr("authorization", "Digest a=b", "authorization", "Basic YTpi"),
		hdr("authorization", "Digest a=b", "authorization", "Digest a=b"),
		hdr("authorization", "Digest a=b", "authorization", "Digest a=b", "authorization", "Digest a=b"),
	} {
		var s State
		s.Handshake(headers)
		if s.handshake.scheme != noScheme {
			t.Errorf("%v: %v", headers, s.handshake)
		}
	}
	var s State
	s.Handshake(hdr("x-api-key", "Digest a=b", "authorization", "Digest a=b"))
	if s.handshake.scheme != digest {
		t.Errorf("%v", s.handshake)
	}
}

func TestReadingAHandshakeAllocatesNothingForOthers(t *testing.T) {
	headers := hdr("accept", "*/*", "authorization", "Bearer abc.def.ghi", "x-api-key", "y")
	var s State
	if n := testing.AllocsPerRun(100, func() { s.Handshake(headers) }); n != 0 {
		t.Errorf("%.0f allocations", n)
	}
}

// FuzzHandshake: no line makes it fail, and a bare challenge goes on with nothing.
func FuzzHandshake(f *testing.F) {
	for _, seed := range []string{"NTLM " + b64(message(2)), "Negotiate " + b64(resp(2, "")), "Negotiate " + b64(kerberos("\x03\x00")), "SCRAM-SHA-1 data=" + b64("e=x"),
		"Digest stale=true", `DPoP error="use_dpop_nonce"`, "Negotiate oYGA", "Negotiate /////w==", "SCRAM-SHA-1 data", "Negotiate"} {
		f.Add(seed, seed)
	}
	f.Add("Digest", "Digest,stAle=true") // a parameter may come behind a comma
	f.Fuzz(func(t *testing.T, authorization, line string) {
		h := readHandshake(authorization)
		goes := h.goesOn([]proxy.Header{{Name: "www-authenticate", Value: line}})
		if goes && (h.scheme == noScheme || !strings.ContainsAny(line, " \t,")) {
			t.Fatalf("%q goes on after %q", line, authorization)
		}
	})
}

// A step is no failure where conditions say what is one, either.
func TestHandshakeBesideConditions(t *testing.T) {
	c := fakehost.ParseConfig(t, `{"surfaces": [{"name": "one", "kind": "api", "match": [{"path": "/one"}],
		"lockout": {"failures_when": [{"status": [401]}, {"status": [400]}]}}]}`)
	ports := &fakePorts{response: hdr(":status", "401", "www-authenticate", "Digest stale=true")}
	room := New(c, ports)
	for status, want := range map[int]Judgement{401: Neutral, 400: Failed} {
		var s State
		s.Begin(room.Rule(0), true, false, false)
		s.Handshake(hdr("authorization", "Digest a=b"))
		if v := s.Headers(status, true); v.Judgement != want {
			t.Errorf("%d: %+v", status, v)
		}
	}
}
