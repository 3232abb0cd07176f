package service

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func request(method, target, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func serve(s *Service, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestREST(t *testing.T) {
	s := New()
	for _, row := range []struct {
		request *http.Request
		status  int
	}{
		{request("GET", "/api/v1/items", ""), 401},
		{request("GET", "/api/v1/items", "", "Authorization", "Bearer wrong"), 401},
		{request("GET", "/api/v1/items", "", "Authorization", "bearer "+Token), 200},
		{request("HEAD", "/api/v1/items", "", "X-Api-Key", APIKey), 200},
		{request("GET", "/api/v1/whoami", "", "X-Api-Key", APIKey), 200},
		{request("GET", "/api/v1/nothing", "", "X-Api-Key", BobsKey), 404},
		{request("POST", "/api/v1/mcp/query", `{"text": "hello"}`, "X-Api-Key", APIKey), 200},
		{request("POST", "/api/v1/mcp/batch-query", `{"queries": [{"text": "hello"}]}`), 401},
		{request("POST", "/api/v1/mcp/batch-query", `{"queries": [{"text": "hello"}]}`, "X-Api-Key", APIKey), 200},
		{request("POST", "/api/v1/embeddings/batch", `{"texts": ["hello"]}`, "X-Api-Key", APIKey), 200},
		{request("POST", "/api/v1/embeddings/batch", `texts`, "X-Api-Key", APIKey), 400},
		{request("OPTIONS", "/api/v1/items", ""), 204},
		{request("GET", "/api/v1/status/413", ""), 413},
		{request("GET", "/api/v1/status/99", ""), 400},
		{request("GET", "/healthz", ""), 200},
		{request("GET", "/health", ""), 200},
		{request("GET", "/docs", ""), 200},
		{request("GET", "/openapi.json", ""), 200},
		{request("GET", "/", ""), 200},
		{request("GET", "/nothing", ""), 404},
	} {
		assert.Equal(t, row.status, serve(s, row.request).Code, "%s %s", row.request.Method, row.request.URL)
	}
	assert.Equal(t, map[string]int{"rest": 14, "other": 6}, s.Seen())
	assert.Equal(t, 5, s.SeenPath("/api/v1/items"))
}

func TestTokenErrors(t *testing.T) {
	const own = "client_id=" + ClientID + "&client_secret=" + ClientSecret
	const device = own + "&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code="
	s := New()
	for _, row := range []struct {
		body, problem string
		status        int
	}{
		{"grant_type=client_credentials", "invalid_client", 400},
		{own, "invalid_request", 400},
		{own + "&grant_type=magic", "unsupported_grant_type", 400},
		{own + "&grant_type=password&username=alice&password=x", "invalid_grant", 400},
		{own + "&grant_type=authorization_code&code=x", "invalid_grant", 400},
		{own + "&grant_type=refresh_token", "invalid_grant", 400},
		{own + "&grant_type=client_credentials&scope=unknown", "invalid_scope", 400},
		{device + DevicePending, "authorization_pending", 400},
		{device + DeviceSlow, "slow_down", 400},
		{device + DeviceExpired, "expired_token", 400},
		{device + "x", "invalid_grant", 400},
		{device + DeviceReady, "", 200},
		{own + "&grant_type=password&username=alice&password=wonderland", "", 200},
	} {
		for _, target := range []string{"/oauth/token", "/oauth/token?pieces=7"} {
			w := serve(s, request("POST", target, row.body))
			assert.Equal(t, row.status, w.Code, row.body)
			if row.problem != "" {
				assert.JSONEq(t, `{"error":"`+row.problem+`","error_description":"the demo service says no"}`, w.Body.String())
			}
		}
	}
	r := request("POST", "/oauth/token", "grant_type=client_credentials")
	r.SetBasicAuth(ClientID, "wrong")
	w := serve(s, r)
	assert.Equal(t, 401, w.Code)
	assert.Equal(t, `Basic realm="demo"`, w.Header().Get("WWW-Authenticate"))
}

func TestConsentLeadsToToken(t *testing.T) {
	s := New()
	const right = "user=alice&password=wonderland&state=s1&redirect_uri=http://127.0.0.1/cb"
	assert.Equal(t, 401, serve(s, request("POST", "/oauth/authorize", strings.Replace(right, "wonderland", "x", 1))).Code)
	assert.Equal(t, 422, serve(s, request("POST", "/oauth/authorize?wrong=422", strings.Replace(right, "wonderland", "x", 1))).Code)
	assert.Equal(t, 400, serve(s, request("POST", "/oauth/authorize", "user=alice&password=wonderland")).Code)

	w := serve(s, request("POST", "/oauth/authorize", right))
	require.Equal(t, 302, w.Code)
	location, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, "s1", location.Query().Get("state"))

	exchange := "grant_type=authorization_code&code=" + location.Query().Get("code")
	for _, status := range []int{200, 400} { // a code works once
		r := request("POST", "/oauth/token", exchange)
		r.SetBasicAuth(ClientID, ClientSecret)
		assert.Equal(t, status, serve(s, r).Code)
	}
}

func TestDebugIsNotForThoseBehindAProxy(t *testing.T) {
	s := New()
	assert.Equal(t, 200, serve(s, request("GET", "/debug/seen", "")).Code)
	assert.Equal(t, 404, serve(s, request("GET", "/debug/seen", "", "X-Request-Id", "1")).Code)
	assert.Empty(t, s.Seen())
}

// A session begins with the right password, and is a credential like a key or a token.
func TestSession(t *testing.T) {
	s := New()
	assert.Equal(t, 401, serve(s, request("POST", "/login", "user=alice&password=x")).Code)
	w := serve(s, request("POST", "/login", "user=alice&password=wonderland"))
	require.Equal(t, 204, w.Code)
	cookie := w.Result().Cookies()[0]
	for value, status := range map[string]int{cookie.Value: 200, "guess": 401, "": 401} {
		r := request("GET", "/api/v1/whoami", "")
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
		assert.Equal(t, status, serve(s, r).Code)
	}
}

func TestIntrospection(t *testing.T) {
	s := New()
	assert.Equal(t, 401, serve(s, request("POST", "/oauth/introspect", "token="+Token)).Code)
	for token, want := range map[string]string{
		BobsToken: `{"active":true,"aud":"http://example.com/mcp","plan":"pro","scope":"mcp:query generate","sub":"bob","tenant":"globex"}`,
		"guess":   `{"active":false}`,
	} {
		r := request("POST", "/oauth/introspect", "token="+token)
		r.SetBasicAuth(ClientID, ClientSecret)
		assert.JSONEq(t, want, serve(s, r).Body.String())
	}
	for scope, token := range map[string]string{"": Token, "mcp:query": ReadToken, "mcp:query generate": Token} {
		r := request("POST", "/oauth/token", "grant_type=client_credentials&scope="+url.QueryEscape(scope))
		r.SetBasicAuth(ClientID, ClientSecret)
		assert.Contains(t, serve(s, r).Body.String(), `"access_token":"`+token+`"`)
	}
}

// What somebody types into curl is answered in JSON, without a session.
func TestSingleCalls(t *testing.T) {
	s := New()
	for _, row := range []struct{ call, want string }{
		{`{"name":"image_generate","arguments":{"prompt":"a rook","quality":"ultra_plus"}}`, `"text":"A picture of a rook."`},
		{`{"name":"image_generate","arguments":{"prompt":""}}`, `"isError":true`},
		{`{"name":"image_generate","arguments":{"prompt":"a rook","quality":"best"}}`, `"isError":true`},
		{`{"name":"search","arguments":{"word":"QUEEN"}}`, `"text":"The queen does both."`},
		{`{"name":"server_time","arguments":{}}`, `o'clock, UTC`},
		{`{"name":"notes_delete","arguments":{}}`, `"text":"Deleted`},
	} {
		r := request("POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":`+row.call+`}`, "Content-Type", "application/json", "X-Api-Key", BobsKey)
		w := serve(s, r)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		assert.Contains(t, w.Body.String(), row.want)
	}
	assert.Equal(t, 401, serve(s, request("POST", "/mcp", "{}", "X-Api-Key", "guess")).Code)
}
