package config

// defaultConfig returns the configuration that an empty text stands for: the four
// surfaces of an OAuth-protected service, guarded. The rooms set their own
// defaults; those that are not listed are off.
func defaultConfig() Config {
	return Config{
		Client:      defaultClient(),
		Credentials: defaultCredentials(),
		Exempt:      defaultExempt(),
		Surfaces:    defaultSurfaces(),
		Burst:       defaultBurst(),
		CORS:        defaultCORS(),
		Log:         defaultLog(),
		Table:       defaultTable(),
	}
}
