package config

// defaultConfig is the configuration that an empty text stands for: the four
// surfaces of an OAuth-protected service, guarded.
func defaultConfig() Config {
	return Config{
		Client:      Client{Source: SourceEnvoy, IPv4Prefix: 32, IPv6Prefix: 64},
		Credentials: Credentials{Headers: []string{"authorization", "x-api-key"}},
		Exempt: []Match{
			{Path: "/"},
			{Path: "/healthz"},
			{Path: "/metrics"},
			{Path: "/.well-known", Prefix: true},
			{Path: "/oauth/register"},
		},
		Surfaces: []Surface{
			defaultSurface("consent", KindOAuthConsent, Match{Path: "/oauth/authorize", Methods: []string{"POST"}}),
			defaultSurface("token", KindOAuthToken, Match{Path: "/oauth/token", Methods: []string{"POST"}}),
			defaultSurface("mcp", KindMCP, Match{Path: "/mcp", Prefix: true}),
			defaultSurface("rest", KindAPI, Match{Path: "/api/v1", Prefix: true}),
		},
		CORS:  CORS{Any: true},
		Log:   Log{Client: ClientFull, PerSecond: 10},
		Table: Table{Clients: 65536, Quotas: 65536},
	}
}

func defaultSurface(name string, kind Kind, match Match) Surface {
	return Surface{Name: name, Kind: kind, Match: []Match{match}, Lockout: defaultLockout(kind)}
}

// defaultLockout allows fewer guesses where a person types a password than
// where programs retry.
func defaultLockout(kind Kind) Lockout {
	l := Lockout{Failures: 20, Window: minute, Statuses: []int{401}, AccountFields: []string{"username", "client_id"}}
	switch kind {
	case KindOAuthConsent:
		l.Failures, l.Window, l.Statuses = 5, 5*minute, []int{401, 403, 422}
	case KindOAuthToken:
		l.Failures, l.Window = 10, 5*minute
	}
	return l
}

// defaultEscalate has no factor: that one must be written.
func defaultEscalate() Escalate {
	return Escalate{Max: hour, Forget: 12 * hour}
}
