package credential

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
)

const kubernetes = "base64url.bearer.authorization.k8s.io."

func TestProtocols(t *testing.T) {
	r := newReader(t, `{"credentials": {"websocket_protocols": ["bearer.", "`+kubernetes+`", "access_token"]}}`)
	for _, row := range []struct {
		list   string
		want   string // the prefixes
		single string
	}{
		{"", "", ""},
		{"chat", "", ""},
		{"bearer.t", "bearer.", "t"},
		{" chat ,\tbearer.t , v1", "bearer.", "t"},
		{"BEARER.t", "bearer.", ""},
		{"bearer.t,bearer.t", "bearer. bearer.", ""},
		{"bearer.t,", "bearer.", "t"},
		{"xbearer.t", "", ""},
		{"bearers.t", "", ""},
		{"bearer, t", "bearer.", "t"},
		{"bearer.,t", "bearer.", "t"},
		{"Bearer, t, chat", "bearer.", "t"},
		{"bearer", "bearer.", ""},
		{"bearer.", "bearer.", ""},
		{"bearer,", "bearer.", ""},
		{"bearer,,t", "bearer.", ""},
		{"bearer, undefined", "", ""},
		{"bearer, null, bearer.t", "bearer.", "t"},
		{"bearer.undefined", "", ""},
		{"access_token, t", "access_token", "t"},
		{"access_tokent", "access_token", "t"},
		{"access_token", "access_token", ""},
		{kubernetes + "bXl0b2tlbg, base64.binary.k8s.io", kubernetes, "mytoken"},
		{kubernetes + "bXl0b2tlbg=", kubernetes, ""},
		{kubernetes + "!", kubernetes, ""},
		{kubernetes + "AA", kubernetes, ""},
		{strings.ToUpper(kubernetes) + "bXl0b2tlbg", kubernetes, ""},
		{"bearer.t, " + kubernetes + "bXl0b2tlbg", "bearer. " + kubernetes, ""},
	} {
		for _, name := range []string{"sec-websocket-protocol", "sec_websocket_protocol"} {
			headers := hdr(":path", "/", name, row.list)
			v := r.Explain(headers)
			var places []string
			for _, p := range v.Places {
				if places = append(places, p.Name); p.Carrier != caller.InProtocol {
					t.Errorf("%s: %+v", row.list, p)
				}
			}
			if got := strings.Join(places, " "); got != row.want || v.Present != (row.want != "") {
				t.Errorf("%s: credentials after %q, want %q", row.list, got, row.want)
			}
			if named := len(r.AppendWhole(nil, headers)) > 0; named != v.Present {
				t.Errorf("%s has a name: %v", row.list, named)
			}
			if c, ok := r.Single(headers); ok != (row.single != "") || ok && (c.Token != row.single || c.Carrier != caller.InProtocol || c.Place != row.want) {
				t.Errorf("%s: the single credential is %+v (%v), want %q", row.list, c, ok, row.single)
			}
		}
	}
}

func TestProtocolNames(t *testing.T) {
	r := newReader(t, "")
	name := func(value string) []byte { return r.AppendWhole(nil, hdr("sec-websocket-protocol", value)) }
	if !bytes.Equal(name("bearer.t"), name("chat, bearer.t")) || !bytes.Equal(name("bearer.t"), name("bearer, t")) {
		t.Error("one token has several names")
	}
	if both := newReader(t, `{"credentials": {"query": ["bearer."]}}`); bytes.Equal(name("bearer.t"), both.AppendWhole(nil, hdr(":path", "/?bearer.=t"))) {
		t.Error("a parameter has the name of a protocol")
	}
	if bytes.Equal(name("bearer.t"), name("bearer.T")) || bytes.Equal(name("bearer.t"), r.AppendWhole(nil, hdr("authorization", "bearer.t"))) {
		t.Error("two credentials have one name")
	}
}

// A configuration that names the header itself takes all of it for the credential.
func TestProtocolHeaderItself(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["Sec-WebSocket-Protocol"]}}`)
	c, ok := r.Single(hdr("sec-websocket-protocol", "bearer.t"))
	if !ok || c.Carrier != caller.InHeader || c.Token != "bearer.t" {
		t.Errorf("%+v, %v", c, ok)
	}
}

// FuzzProtocols: a list presents a credential if and only if it has a name, and the
// single credential is in the list.
func FuzzProtocols(f *testing.F) {
	for _, seed := range []string{"bearer.t", "bearer, t", "bearer", ",", "bearer.,,", kubernetes + "bXl0b2tlbg", kubernetes, "Bearer.undefined", "bearer, null", " ,bearer.\xff", kubernetes + ",\r"} {
		f.Add(seed)
	}
	r := newReader(f, "")
	f.Fuzz(func(t *testing.T, list string) {
		headers := hdr("sec-websocket-protocol", list)
		presents := r.Presents(headers)
		if presents != (len(r.AppendPrincipal(nil, headers)) > 0) || presents != (len(r.Explain(headers).Places) > 0) {
			t.Fatalf("%q presents a credential: %v, and has a name or none", list, presents)
		}
		if c, ok := r.Single(headers); ok && (c.Token == "" || c.Place == "bearer." && !strings.Contains(list, c.Token)) {
			t.Fatalf("%q has the single credential %q", list, c.Token)
		}
		for _, member := range strings.Split(list, ",") {
			token, is := strings.CutPrefix(strings.Trim(member, " \t"), "bearer.")
			if is && token != "" && !isPlaceholder(token) && !presents {
				t.Fatalf("%q presents nothing", list)
			}
		}
	})
}
