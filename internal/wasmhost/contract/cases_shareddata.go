package contract

func sharedDataCases() []Case {
	return []Case{
		one("shared data: a missing key", get, report(
			`request get-shared none NotFound "" `,
		), in("request", "get-shared", "none")),
		one("shared data: cas 0 creates and overwrites", get, report(
			`request set-shared a 0 OK`, `request get-shared a OK "1" cas changed: true`,
			`request set-shared a 0 OK`, `request get-shared a OK "2" cas changed: true`,
			`request get-shared a OK "2" cas changed: false`,
		), in("request", "set-shared", "a", "1", "0"), in("request", "get-shared", "a"),
			in("request", "set-shared", "a", "2", "0"), in("request", "get-shared", "a"),
			in("request", "get-shared", "a")),
		one("shared data: an impossible cas creates a missing key, once", get, report(
			`request set-shared b impossible OK`, `request get-shared b OK "1" cas changed: true`,
			`request set-shared b impossible CasMismatch`, `request get-shared b OK "1" cas changed: false`,
		), in("request", "set-shared", "b", "1", "impossible"), in("request", "get-shared", "b"),
			in("request", "set-shared", "b", "2", "impossible"), in("request", "get-shared", "b")),
		one("shared data: the right cas writes, an old one does not", get, report(
			`request set-shared c 0 OK`, `request get-shared c OK "1" cas changed: true`,
			`request set-shared c right OK`, `request set-shared c right CasMismatch`,
			`request get-shared c OK "2" cas changed: true`, `request set-shared c old CasMismatch`,
			`request set-shared c right OK`, `request get-shared c OK "4" cas changed: true`,
		), in("request", "set-shared", "c", "1", "0"), in("request", "get-shared", "c"),
			in("request", "set-shared", "c", "2", "right"), in("request", "set-shared", "c", "3", "right"),
			in("request", "get-shared", "c"), in("request", "set-shared", "c", "3", "old"),
			in("request", "set-shared", "c", "4", "right"), in("request", "get-shared", "c")),
		one("shared data: an empty value is a value", get, report(
			`request set-shared d 0 OK`, `request get-shared d OK "" cas changed: true`,
			`request set-shared d impossible CasMismatch`,
		), in("request", "set-shared", "d", "", "0"), in("request", "get-shared", "d"),
			in("request", "set-shared", "d", "x", "impossible")),
	}
}
