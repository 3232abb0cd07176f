package contract

func valueCases() []Case {
	return []Case{
		one("clocks: both answer, each its own time", get, report(
			`request clocks OK OK realtime after 2020: true differ: true`, `request clock 2 58`,
		), in("request", "clocks"), in("request", "clock", "2")),
		one("random: bytes come", get, report(
			`request random 16 errno=0 zeros: false`, `request random 65536 errno=0 zeros: false`, `request random 65537 errno=28 zeros: true`,
		), in("request", "random", "16"), in("request", "random", "65536"), in("request", "random", "65537")),
		one("environment: it is the configured one", get, report(
			`request env CONTRACT "yes"`, `request env HOME ""`,
		), in("request", "env", "CONTRACT"), in("request", "env", "HOME")),
		one("metrics: a counter takes what is above 0", get, report(
			`request metric OK OK BadArgument BadArgument OK OK changed by 5 same id: false unknown id: NotFound`,
		), in("request", "metric", "0", "contract_counter", "+2", "+0", "+-1", "=3")),
		one("metrics: a gauge goes up and down", get, report(
			`request metric OK OK OK OK OK changed by 4 same id: false unknown id: NotFound`,
		), in("request", "metric", "1", "contract_gauge", "+7", "+-3", "+0")),
		one("metrics: a histogram takes samples, and cannot be read", get, report(
			`request metric OK OK OK BadArgument changed by 0 same id: false unknown id: NotFound`,
		), in("request", "metric", "2", "contract_histogram", "=3", "=0")),
		one("metrics: no such kind", get, report(
			`request metric BadArgument NotFound changed by 0 same id: true unknown id: NotFound`,
		), in("request", "metric", "3", "contract_none")),
		one("calls: what is not there", get, report(
			`request foreign contract_none NotFound`, `request http-call BadArgument`, `request effective BadArgument`, `request effective OK`,
		), in("request", "foreign", "contract_none"), in("request", "http-call", "contract_none"), in("request", "effective", "99999999"), in("request", "effective", "1")),
		one("guest: garbage is collected under a clock that stands still", get, report(`request collect done`), in("request", "collect", "2000")),
	}
}

// trapCases come last: what a host does with the VM after a trap is a matter of
// its failure policy.
func trapCases() []Case {
	return []Case{
		one("trap: the request gets an empty 503", get, Want{Status: 503, Body: Text(""), Upstream: ""}, in("request", "panic")),
	}
}
