package introspect

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

func TestRequest(t *testing.T) {
	const token = "a+b/c=d&e%20~\"'"
	for _, post := range []bool{false, true} {
		c := config.Introspection{
			Cluster: "auth", Scheme: "https", Authority: "auth.example.com", Path: "/introspect", Timeout: 7000,
			ClientID: "gate way", ClientSecret: "p&s:s",
		}
		if post {
			c.Auth = config.ClientSecretPost
		}
		r := newRequest(&c)
		call := r.about(token)
		form, err := url.ParseQuery(string(call.Body))
		want := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
		authenticated := "Basic " + base64.StdEncoding.EncodeToString([]byte("gate+way:p%26s%3As"))
		if post {
			want["client_id"], want["client_secret"], authenticated = []string{"gate way"}, []string{"p&s:s"}, ""
		}
		if err != nil || !reflect.DeepEqual(form, want) || call.Cluster != "auth" || call.Timeout != 7000 {
			t.Errorf("%+v %s %v", call, call.Body, err)
		}
		for name, want := range map[string]string{
			":method": "POST", ":scheme": "https", ":authority": "auth.example.com", ":path": "/introspect",
			"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "authorization": authenticated,
		} {
			if got := first(call.Headers, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// Two requests must not share the memory that the token is written to.
func TestRequestsAreIndependent(t *testing.T) {
	r := newRequest(&config.Introspection{})
	one := r.about("one")
	r.about("two")
	if got, err := url.ParseQuery(string(one.Body)); err != nil || got.Get("token") != "one" {
		t.Errorf("%s", one.Body)
	}
}

func first(headers []proxy.Header, name string) string {
	for _, h := range headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
