package config

// defaultConfig is the configuration that an empty text stands for: the four
// surfaces of an OAuth-protected service, guarded.
func defaultConfig() Config {
	return Config{
		Client:      defaultClient(),
		Credentials: defaultCredentials(),
		Exempt:      defaultExempt(),
		Surfaces:    defaultSurfaces(),
		CORS:        defaultCORS(),
		Log:         defaultLog(),
		Table:       defaultTable(),
	}
}
