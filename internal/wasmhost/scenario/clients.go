package scenario

func clients() []Scenario {
	guesses := func(note, address string, n int, options ...option) Step {
		return get(note, "/api/v1/x", append([]option{token("bad"), answer(401), from(address), times(n)}, options...)...)
	}
	blocked := func(note, address string, options ...option) Step {
		return get(note, "/api/v1/x", append([]option{token("bad"), from(address), locked("60")}, options...)...)
	}
	allowed := func(note, address string, options ...option) Step {
		return get(note, "/api/v1/x", append([]option{token("good"), from(address)}, options...)...)
	}
	surface := `"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 2, "window": "1m"}}]}`
	return []Scenario{
		{
			Name:   "an IPv6 client is its /64, an IPv4 client its address",
			Config: `{` + surface,
			Steps: []Step{
				guesses("", "[2001:db8:0:1::1]:4000", 1), guesses("", "[2001:db8:0:1:ffff::2]:5000", 1),
				blocked("", "[2001:db8:0:1::3]:6000"), allowed("", "[2001:db8:0:2::1]:4000"),
				guesses("", "192.0.2.7:1", 2), blocked("any port", "192.0.2.7:2"), allowed("", "192.0.2.8:1"),
			},
			Log: []string{"client=2001:db8:0:1::/64"},
		},
		{
			Name:        "one client has one name",
			StandInOnly: true,
			Config:      `{` + surface,
			Steps: []Step{
				guesses("", "192.0.2.7:1", 1), guesses("mapped", "[::ffff:192.0.2.7]:1", 1),
				blocked("NAT64", "[64:ff9b::c000:207]:1"), blocked("with a zone", "[::ffff:192.0.2.7%eth0]:1"), blocked("no port", "192.0.2.7"),
			},
		},
		{
			Name:        "requests without a usable address share a counter",
			StandInOnly: true,
			Config:      `{` + surface,
			Steps: []Step{
				guesses("", "pipe", 1), guesses("", "999.1.1.1:1", 1), blocked("", "@"), allowed("", "192.0.2.7:1"),
			},
			Log: []string{"client=unknown"},
		},
		{
			Name:        "the default ignores what a client says of itself",
			StandInOnly: true,
			Config:      `{` + surface,
			Steps: []Step{
				guesses("", "192.0.2.7:1", 1, with("x-forwarded-for", "10.0.0.1")),
				guesses("", "192.0.2.7:1", 1, with("x-forwarded-for", "10.0.0.2"), with("x-real-ip", "10.0.0.3")),
				blocked("", "192.0.2.7:1", with("x-forwarded-for", "10.0.0.4")),
			},
		},
		{
			Name:        "xff walks from the right past trusted proxies",
			StandInOnly: true,
			Config:      `{"client": {"source": "xff", "trusted_proxies": ["10.0.0.0/8"]}, ` + surface,
			Steps: []Step{
				guesses("", "10.0.0.1:1", 1, with("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.1.1.1")),
				guesses("a forged entry to the left", "10.0.0.1:1", 1, with("x-forwarded-for", "2.2.2.2"), with("x-forwarded-for", "192.0.2.7:99,10.2.2.2")),
				blocked("", "10.0.0.1:1", with("x-forwarded-for", "192.0.2.7")),
				allowed("", "10.0.0.1:1", with("x-forwarded-for", "192.0.2.8, 10.1.1.1")),
				guesses("junk stops the walk at the last trusted one", "10.0.0.1:1", 2, with("x-forwarded-for", "3.3.3.3, junk, 10.9.9.9")),
				blocked("", "10.0.0.1:1", with("x-forwarded-for", "4.4.4.4, , 10.9.9.9")),
				allowed("none: the peer", "10.0.0.2:1"),
			},
		},
		{
			Name:        "xff-first takes the left-most and warns at load",
			StandInOnly: true,
			Config:      `{"client": {"source": "xff-first"}, ` + surface,
			Steps: []Step{
				guesses("", "10.0.0.1:1", 2, with("x-forwarded-for", "192.0.2.7, 10.1.1.1")),
				blocked("", "10.0.0.2:1", with("x-forwarded-for", "192.0.2.7")),
				allowed("", "10.0.0.1:1", with("x-forwarded-for", "192.0.2.8")),
			},
			Log: []string{"xff-first"},
		},
		{
			Name:        "a header of a trusted proxy",
			StandInOnly: true,
			Config:      `{"client": {"source": "header:x-real-ip", "trusted_proxies": ["10.0.0.0/8"]}, ` + surface,
			Steps: []Step{
				guesses("", "10.0.0.1:1", 2, with("x-real-ip", "192.0.2.7")),
				blocked("", "10.0.0.2:1", with("x-real-ip", "192.0.2.7")),
				allowed("", "10.0.0.1:1", with("x-real-ip", "192.0.2.8")),
				guesses("not of anybody", "192.0.2.9:1", 1, with("x-real-ip", "192.0.2.10")),
				guesses("", "192.0.2.9:1", 1, with("x-real-ip", "192.0.2.11")),
				blocked("", "192.0.2.9:1", with("x-real-ip", "192.0.2.12")),
			},
		},
		{
			Name:   "allowed clients are never counted",
			Config: `{"client": {"allow": ["192.0.2.0/28", "2001:db8::/32"]}, ` + surface,
			Steps: []Step{
				guesses("", "192.0.2.7:1", many), guesses("", "[2001:db8::1]:1", many), guesses("", "192.0.2.16:1", 2), blocked("", "192.0.2.16:1"),
			},
			Metrics: map[string]uint64{"gatewarden_auth_failures_total.surface.rest": 2},
		},
	}
}
