package config

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const separator = "\n----------\n"

// TestValid parses every file of testdata/valid, and its rendering again.
func TestValid(t *testing.T) {
	for name, text := range files(t, "testdata/valid/*.json") {
		t.Run(name, func(t *testing.T) {
			c := mustParse(t, text)
			again, err := Parse(render(c), nil)
			if err != nil {
				t.Fatalf("its own text is refused:\n%s\n%v", render(c), err)
			}
			if !reflect.DeepEqual(c, again) {
				t.Errorf("its own text says something else:\n%s\n%s", render(c), render(again))
			}
		})
	}
}

// TestInvalid parses every file of testdata/invalid: a configuration, the exact
// error, and what the schema does with it, which package schematest looks at.
func TestInvalid(t *testing.T) {
	for name, text := range files(t, "testdata/invalid/*.txt") {
		t.Run(name, func(t *testing.T) {
			parts := strings.Split(text, separator)
			if len(parts) != 3 {
				t.Fatalf("has %d parts, want 3", len(parts))
			}
			c, err := Parse([]byte(parts[0]), nil)
			if err == nil {
				t.Fatalf("is accepted, want:\n%s", parts[1])
			}
			if c != nil {
				t.Error("a configuration comes with the error")
			}
			if err.Error() != parts[1] {
				t.Errorf("got:\n%s\nwant:\n%s", err, parts[1])
			}
		})
	}
}

// TestDefault writes the default configuration out.
func TestDefault(t *testing.T) {
	account := []string{"username", "client_id"}
	want := &Config{
		Client: Client{IPv4Prefix: 32, IPv6Prefix: 64},
		Credentials: Credentials{
			Headers: []string{"authorization", "x-api-key"}, Query: []string{"access_token", "api_key"},
			WebSocketProtocols: []string{"bearer.", "base64url.bearer.authorization.k8s.io."},
		},
		Exempt: []Match{
			{Path: "/"}, {Path: "/healthz"}, {Path: "/metrics"},
			{Path: "/.well-known", Prefix: true}, {Path: "/oauth/register"},
		},
		Surfaces: []Surface{
			{Name: "consent", Kind: KindOAuthConsent, Match: []Match{{Path: "/oauth/authorize", Methods: []string{"POST"}}},
				Lockout: Lockout{Failures: 5, Window: 300_000, Statuses: []int{401, 403, 422}, AccountFields: account}},
			{Name: "token", Kind: KindOAuthToken, Match: []Match{{Path: "/oauth/token"}},
				Lockout: Lockout{Failures: 10, Window: 300_000, Statuses: []int{401}, TokenErrors: []string{"invalid_client", "invalid_grant",
					"incorrect_client_credentials", "bad_verification_code", "incorrect_device_code", "bad_refresh_token"}, AccountFields: account}},
			{Name: "mcp", Kind: KindMCP, Match: []Match{{Path: "/mcp", Prefix: true}},
				Lockout: Lockout{Failures: 20, Window: 60_000, Statuses: []int{401}, AccountFields: account}},
			{Name: "rest", Kind: KindAPI, Match: []Match{{Path: "/api/v1", Prefix: true}},
				Lockout: Lockout{Failures: 20, Window: 60_000, Statuses: []int{401}, AccountFields: account}},
		},
		Burst: Burst{Hold: 3000},
		CORS:  CORS{Any: true},
		Log:   Log{PerSecond: 10},
		Table: Table{Clients: 65536, Quotas: 65536},
	}
	for _, text := range []string{"", " \r\n\t", "{}"} {
		if got := mustParse(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

// TestEveryField parses a configuration in which no field has its default.
func TestEveryField(t *testing.T) {
	c := mustParse(t, files(t, "testdata/valid/every_field.json")["every_field"])
	prefixes := func(list ...string) (out []netip.Prefix) {
		for _, p := range list {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	login := Lockout{
		Failures: 3, Window: 600_000, Duration: 900_000,
		Escalate: Escalate{Factor: 1.5, Max: 86_400_000, Forget: 604_800_000},
		Statuses: []int{200, 401, 422}, Mode: ModeShadow, Pending: 3,
		Wide: Wide{IPv4Prefix: 20, IPv6Prefix: 40, Failures: 90}, Jitter: 30_000, AccountFields: []string{"email"}, Keys: []FailureKey{
			{By: ByAccount, Failures: 10, Window: 300_000}, {Client: true, By: ByCredential, Failures: 5, Window: 3_600_000, Lock: true},
		},
		Stuffing: Stuffing{Credentials: 8, Window: 1_800_000, Lock: true}, Spraying: Spraying{Clients: 1000, Window: 7_200_000, Slow: true},
	}
	for _, row := range []struct {
		field     string
		got, want any
	}{
		{"client", c.Client, Client{
			Source: SourceHeader, Header: "x-real-ip", IPv4Prefix: 24, IPv6Prefix: 56,
			TrustedProxies: prefixes("10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"),
			Allow:          prefixes("198.51.100.7/32", "2001:db8:1::/48"),
		}},
		{"credentials", c.Credentials, Credentials{[]string{"authorization", "x-token"}, []string{"session", "SID"}, []string{"apiKey", "t"}, []string{"Bearer-", "access_token"}}},
		{"exempt", c.Exempt, []Match{{Path: "/live"}, {Path: "/.well-known", Prefix: true, Methods: []string{"GET", "OPTIONS"}, Hosts: []string{"api.example.com"}}}},
		{"surfaces[0].match", c.Surfaces[0].Match, []Match{{Path: "/login", Methods: []string{"POST"}}, {Path: "/authorize", Hosts: []string{"*.example.com", "xn--bcher-kva.example"}}}},
		{"surfaces[0].lockout", c.Surfaces[0].Lockout, login},
		{"surfaces[1].lockout", c.Surfaces[1].Lockout, Lockout{
			Failures: 20, Window: 60_000, Statuses: []int{401, 403}, CountAnonymous: true, ResetOnSuccess: true, CountOnce: true,
			KnownGood: KnownGood{For: 7_200_000, Failures: 4}, AccountFields: []string{"username", "client_id"},
			Stuffing: Stuffing{Credentials: 2, Window: 600_000}, Spraying: Spraying{Clients: 2, Window: 3_600_000},
		}},
		{"surfaces[2].lockout.mode", c.Surfaces[2].Lockout.Mode, ModeOff},
		{"surfaces[2].lockout.statuses", c.Surfaces[2].Lockout.Statuses, []int(nil)},
		{"surfaces[2].lockout.failures_when", c.Surfaces[2].Lockout.FailuresWhen, []Condition{
			{Statuses: []int{401, 4}},
			{Header: HeaderCondition{"location", Contains, "/login?error"}, Statuses: []int{302}},
			{Statuses: []int{2}, JSON: JSONCondition{[]string{"errors", "0", "extensions", "code"},
				[]JSONValue{{"UNAUTHENTICATED", true}, {"", true}, {"401", false}, {"true", false}, {"null", false}}}},
		}},
		{"surfaces[2].lockout.succeeded_when", c.Surfaces[2].Lockout.SucceededWhen, []Condition{
			{Header: HeaderCondition{"set-cookie", HasPrefix, "session="}}, {Statuses: []int{204, 3}, Header: HeaderCondition{"x", Equals, "y"}},
			{JSON: JSONCondition{[]string{"success"}, []JSONValue{{"true", false}}}},
		}},
		{"surfaces[3].lockout.token_errors", c.Surfaces[3].Lockout.TokenErrors, []string{"invalid_grant", "invalid credentials"}},
		{"surfaces[3].lockout.failures", c.Surfaces[3].Lockout.Failures, uint32(0)},
		{"surfaces[1].require", c.Surfaces[1].Require, true},
		{"identity", c.Identity, []Identity{
			{Kind: IdentityMetadata, Filter: "istio_authn", Claims: Claims{
				Subject: []string{"request.auth.claims", "sub"}, Tenant: []string{"request.auth.claims", "https://example.com/org", "id"},
				Tier: []string{"request.auth.claims", "tier"}, Scopes: []string{"request.auth.claims", "scope"},
				Roles:    []string{"request.auth.claims", "realm_access", "roles"},
				Audience: []string{"request.auth.claims", "aud"},
			}},
			{Kind: IdentityMetadata, Filter: "envoy.filters.http.jwt_authn", Claims: Claims{Tenant: []string{"payload", "tid"}}, DefaultTier: "free plan"},
			{Kind: IdentityHeaders, Headers: IdentityNames{
				Subject: "x-user", Tenant: "x-tenant", Tier: "x-plan", Scopes: "x-scope", Roles: "x-role", Audience: "x-audience",
			}},
			{Kind: IdentityAPIKeys, Keys: []APIKey{
				{ID: "ci", SHA256: sha256.Sum256([]byte("secret")), Subject: "build", Tenant: "acme", Tier: "pro",
					Scopes: []string{"mcp:query"}, Roles: []string{"admin", "on call"}, Expires: 1_798_754_400_000},
				{ID: "Partner_2", SHA256: sha256.Sum256([]byte("another")), Subject: "Partner_2"},
			}},
			{Kind: IdentityAccepted, For: 600_000, DefaultTier: "key"},
			{Kind: IdentityIntrospection, Claims: Claims{
				Subject: []string{"username"}, Tenant: []string{"org", "id"}, Tier: []string{"plan"},
				Scopes: []string{"permissions"}, Roles: []string{"realm_access", "roles"},
			}, Introspection: Introspection{
				Cluster: "auth", Scheme: "http", Authority: "auth.example.com:8080", Path: "/oauth/introspect?realm=one",
				ClientID: "gateway", ClientSecret: "s3cr:t & more", Auth: ClientSecretPost, Timeout: 30_000,
				Audience: "https://api.example.com", For: 300_000, InactiveFor: 1000, Entries: 65536, OnError: OnErrorAnonymous,
			}},
		}},
		{"untrusted_headers", c.UntrustedHeaders, []string{"x-forwarded-user"}},
		{"concurrency", c.Concurrency, []Concurrency{
			{Name: "service", Per: PerAll, Limit: 65535, RetryAfter: 90_000, Mode: ModeShadow},
			{Name: "per_user-1", Surfaces: []string{"api-v2", "tools"}, Per: PerIdentity, Limit: 1, RetryAfter: 1000},
			{Name: "each", Per: PerSurface, Limit: 20, RetryAfter: 1000, Mode: ModeOff},
		}},
		{"burst", c.Burst, Burst{30_000}},
		{"bypass", c.Bypass, Bypass{"x-no-limit", []string{"on call", "admin"}}},
		{"scopes", c.Scopes, Scopes{
			Implies: []Implication{{"api:write", []string{"api:read"}}, {"mcp:admin", []string{"mcp:tools", "mcp:query"}}},
			Operations: []Operation{
				{Match: Match{Path: "/api/v2/open", Methods: []string{"GET"}, Hosts: []string{"api.example.com"}}},
				{Match: Match{Path: "/mcp", Prefix: true}, Surfaces: []string{"tools"}, Scopes: []string{"mcp:query", "mcp:tools"}},
			},
		}},
		{"quota_service", *c.QuotaService, QuotaService{
			Name: "plan_1", Surfaces: []string{"tools"}, Cluster: "quota", Scheme: "http", Authority: "quota.example.com:8080", Path: "/v1",
			Token: "s3cr:t", Timeout: 30_000, Retries: 3, Lifetime: 86_400_000, Mode: ModeShadow,
		}},
		{"fleet", *c.Fleet, Fleet{
			Cluster: "ratelimit", Domain: "Edge_1-a", Secret: "correct horse battery staple, twice", Timeout: 250, Refresh: 3_600_000, Replicas: 100_000,
			Rules: []FleetRule{
				{Rule: FleetLockouts, Surfaces: []string{"login"}, Mode: FleetSync, OnError: OnErrorClosed},
				{Rule: FleetLockouts, Surfaces: []string{"api-v2"}, OnError: OnErrorOpen},
				{Rule: FleetWide}, {Rule: FleetKeys},
				{Rule: FleetQuotas, Names: []string{"off"}},
			},
		}},
		{"mcp", *c.MCP, MCP{
			Surfaces: []string{"tools"}, MaxBody: 1 << 20, RejectFormat: RejectToolError, Annotate: true, Origins: []string{"https://app.example.com", "http://localhost:6274"}, Tiers: []string{"free", "pro plan"},
			Risks:   [NumRisks][]string{{"mcp:query"}, {"mcp:tools"}, nil, {"mcp:admin", "generate"}},
			Methods: []MCPMethod{{"resources/read", []string{"mcp:query"}}},
			Tools: []Tool{
				{Name: "search", Risk: RiskReadOnly},
				{Name: "Größe?", Risk: RiskUnset, Scopes: []string{}},
				{Name: "paint", Risk: RiskExternalMutation, Scopes: []string{"mcp:tools"}, Tier: "free", Cost: 1_000_000, Arguments: []ToolArgument{
					{Way: []string{"quality"}, Values: []ArgumentValue{{"", 0, ""}, {"premium", 3, ""}, {"ultra", 1, "pro plan"}}, Other: 9, Absent: 2},
					{Way: []string{"options", "n"}, MaxCount: 10, Other: 10, Absent: 1},
				}},
				{Name: "new", Risk: RiskLocalMutation, Scopes: []string{"mcp:admin"}},
			},
			OtherTools: Tool{Risk: RiskLocalMutation, Scopes: []string{"mcp:admin"}, Tier: "pro plan", Cost: 7,
				Arguments: []ToolArgument{{Way: []string{"n"}, MaxCount: 2, Absent: 1}}},
		}},
		{"oauth", c.OAuth[0], OAuth{Alone: true, Surfaces: []string{"tools"}, HostDefault: true, Audiences: []string{"api://tools", "account"},
			Resource: "https://api.example.com:8443/mcp/", AuthorizationServers: []string{"https://auth.example.com/realms/one"},
			ScopesSupported: []string{"mcp:tools", "mcp:query", "!~"}, ResourceDocumentation: "http://docs.example.com/a?b=c#d",
			ResourceName: "The café's tools", Realm: "tools & more~", ChallengeScope: []string{"mcp:query"},
		}},
		{"authorization_server", c.AuthorizationServers, []AuthorizationServer{
			{Issuer: "https://auth.example.com/realms/one", AuthorizationEndpoint: "https://auth.example.com/login?ui=1", TokenEndpoint: "http://localhost:8080/token",
				RegistrationEndpoint: "https://auth.example.com/register", IntrospectionEndpoint: "https://auth.example.com/introspect",
				RevocationEndpoint: "https://auth.example.com/revoke", JWKSURI: "https://auth.example.com/keys", ResponseTypes: []string{"code", "code id_token"},
				TokenEndpointAuthMethods: []string{"none"}, Scopes: []string{"mcp:query", "offline_access"}, ServiceDocumentation: "http://docs.example.com"},
			{Issuer: "https://login.example.org", Cluster: "login", Path: "/v2/.well-known/openid-configuration?x=1", Timeout: 30_000,
				For: 60_000, Stale: 2_592_000_000, PKCE: true, OpenID: true},
		}},
		{"cors", c.CORS, CORS{Origins: []string{"https://app.example.com", "http://localhost:6274", "vscode-webview://panel"}}},
		{"log", c.Log, Log{ClientHash, 1000}},
		{"quotas[0]", c.Quotas[0], Quota{
			Name: "batch", Surfaces: []string{"api-v2", "tools"}, Methods: []string{"POST", "PUT"},
			Paths: []Match{{Path: "/api/v2/batch"}, {Path: "/mcp/batch", Prefix: true, Methods: []string{"POST"}, Hosts: []string{"b.example.com"}}},
			Per:   PerSubject | PerPath, Limit: 50, Tiers: []TierLimit{{"enterprise", NoLimit}, {"free", 20}, {"trial", 0}},
			Window: 3_600_000, Algorithm: SlidingWindow, Cost: 1, Costs: []Cost{
				{Match{Path: "/api/v2/batch", Methods: []string{"POST"}}, 20}, {Match{Path: "/mcp", Prefix: true}, 0},
			},
			Overrides: []string{"all"}, Mode: ModeShadow,
		}},
		{"quotas[1]", c.Quotas[1], Quota{
			Name: "all", Per: PerClient | PerCredential | PerTenant, Limit: 1_000_000_000, Window: 86_400_000, Algorithm: GCRA, Cost: 5,
		}},
		{"quotas[2].limit", c.Quotas[2].Limit, uint32(0)},
		{"quotas[2].Off", c.Quotas[2].Off(), true},
		{"headers", c.Headers, Headers{XRateLimitEpoch}},
		{"table", c.Table, Table{4194304, 1024}},
		{"allow_on_headers_stop_iteration", c.HeadersStopIteration, StopIterationAllowed},
	} {
		if !reflect.DeepEqual(row.got, row.want) {
			t.Errorf("%s: got %+v, want %+v", row.field, row.got, row.want)
		}
	}
}

func TestLimits(t *testing.T) {
	full := `{"log": {}` + strings.Repeat(" ", maxBytes-len(`{"log": {}}`)) + "}"
	for _, row := range []struct{ text, want string }{
		{full, ""},
		{full + " ", "configuration: has 1048577 bytes; write at most 1048576"},
		{"{\n\"é\xff\": 1}", "configuration: line 2, column 3: is not UTF-8; save the configuration as UTF-8"},
		{strings.Repeat("[", 500_000), "configuration: line 1, column 33: is nested deeper than 32 levels, as no field is; look for a bracket that is not closed"},
		{`{"cors": {"origins": [` + strings.Repeat(`"https://a", `, 1024) + `"https://a"]}}`, "and 924 more"},
	} {
		_, err := Parse([]byte(row.text), nil)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.HasSuffix(err.Error(), row.want)) {
			t.Errorf("%.40q: got %v, want %q", row.text, err, row.want)
		}
	}
}

// TestError: callers can read the violations one by one.
func TestError(t *testing.T) {
	_, err := Parse([]byte(`{"log": {"per_second": 0}, "tables": {}}`), nil)
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T", err)
	}
	want := []Violation{
		{"tables", `is not a known key; did you mean "table"?`},
		{"log.per_second", "0 is out of range; write 1 to 1000"},
	}
	if !reflect.DeepEqual(e.Violations, want) || e.More != 0 {
		t.Errorf("got %+v", e)
	}
}

// TestParseSharesNothing: a change to one configuration does not change another.
func TestParseSharesNothing(t *testing.T) {
	a, b := mustParse(t, ""), mustParse(t, "")
	a.Surfaces[0].Lockout.Statuses[0] = 1
	a.Surfaces[0].Match[0].Methods[0] = "GET"
	a.Credentials.Headers[0] = ""
	a.Exempt[0].Path = ""
	if c := mustParse(t, ""); !reflect.DeepEqual(b, c) {
		t.Error("the default configuration changed")
	}
}

// FuzzParse: no text makes the parser panic, and the rendering of a valid
// configuration parses to an equal one.
func FuzzParse(f *testing.F) {
	for _, text := range files(f, "testdata/valid/*.json") {
		f.Add(text, "RATE_LIMIT_MCP_FAILURES=3")
	}
	for _, text := range files(f, "testdata/invalid/*.txt") {
		before, _, _ := strings.Cut(text, separator)
		f.Add(before, "TRUST_FORWARDED_FOR=true")
	}
	f.Fuzz(func(t *testing.T, text, variable string) {
		c, err := Parse([]byte(text), []string{variable})
		if err != nil {
			if lines := strings.Count(err.Error(), "\n") + 1; lines > maxViolations+1 {
				t.Errorf("%d lines of errors", lines)
			}
			return
		}
		c.Warnings()
		again, err := Parse(render(c), nil)
		if err != nil {
			t.Fatalf("its own text is refused:\n%s\n%v", render(c), err)
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("its own text says something else:\n%s\n%s", render(c), render(again))
		}
	})
}

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files returns the contents of the files that match, by name without ending.
func files(t testing.TB, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	out := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		out[strings.TrimSuffix(name, filepath.Ext(name))] = string(text)
	}
	return out
}

func itoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
