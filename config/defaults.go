package config

// defaultConfig is the configuration that an empty text stands for: the four
// surfaces of an OAuth-protected service, guarded.
func defaultConfig() Config {
	return Config{
		Client:      defaultClient(),
		Credentials: defaultCredentials(),
		Exempt:      defaultExempt(),
		Surfaces:    defaultSurfaces(),
		CORS:        CORS{Any: true},
		Log:         Log{Client: ClientFull, PerSecond: 10},
		Table:       Table{Clients: 65536, Quotas: 65536},
	}
}

func defaultClient() Client {
	return Client{Source: SourceEnvoy, IPv4Prefix: 32, IPv6Prefix: 64}
}

func defaultCredentials() Credentials {
	return Credentials{Headers: []string{"authorization", "x-api-key"}}
}

func defaultExempt() []Match {
	return []Match{
		{Path: "/"},
		{Path: "/healthz"},
		{Path: "/metrics"},
		{Path: "/.well-known", Prefix: true},
		{Path: "/oauth/register"},
	}
}

func defaultSurfaces() []Surface {
	return []Surface{
		defaultSurface("consent", KindOAuthConsent, Match{Path: "/oauth/authorize", Methods: []string{"POST"}}),
		defaultSurface("token", KindOAuthToken, Match{Path: "/oauth/token", Methods: []string{"POST"}}),
		defaultSurface("mcp", KindMCP, Match{Path: "/mcp", Prefix: true}),
		defaultSurface("rest", KindAPI, Match{Path: "/api/v1", Prefix: true}),
	}
}

func defaultSurface(name string, kind Kind, match Match) Surface {
	return Surface{Name: name, Kind: kind, Match: []Match{match}, Lockout: defaultLockout(kind)}
}

// defaultLockout allows fewer guesses where a person types a password than
// where programs retry.
func defaultLockout(kind Kind) Lockout {
	l := Lockout{Failures: 20, Window: minute, Statuses: defaultStatuses(kind), AccountFields: defaultAccountFields()}
	switch kind {
	case KindOAuthConsent:
		l.Failures, l.Window = 5, 5*minute
	case KindOAuthToken:
		l.Failures, l.Window = 10, 5*minute
	}
	return l
}

func defaultStatuses(kind Kind) []int {
	if kind == KindOAuthConsent {
		return []int{401, 403, 422}
	}
	return []int{401}
}

func defaultAccountFields() []string { return []string{"username", "client_id"} }

// defaultEscalate has no factor: that one must be written.
func defaultEscalate() Escalate {
	return Escalate{Max: hour, Forget: 12 * hour}
}
