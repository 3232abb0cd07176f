package config

// ClientForm is how a client appears in the log.
type ClientForm uint8

// The forms of a client in the log.
const (
	// ClientFull is the whole address or prefix.
	ClientFull ClientForm = iota
	// ClientTruncated is its /24 or /48.
	ClientTruncated
	// ClientHash is a keyed hash, stable as long as the table lives.
	ClientHash
)

// Log says what is written about clients, and how often.
type Log struct {
	Client ClientForm
	// PerSecond is the number of lines a second that one worker writes at
	// the most about failures and refusals, and again about attacks.
	PerSecond int
}

var logFields = []field[Log]{
	{key: "client", read: func(v value, l *Log) {
		choose(v, []option[ClientForm]{
			{"full", ClientFull}, {"truncated", ClientTruncated}, {"hash", ClientHash},
		}, &l.Client)
	}},
	{key: "per_second", read: func(v value, l *Log) { readInteger(v, &l.PerSecond, 1, 1000) }},
}

func defaultLog() Log { return Log{Client: ClientFull, PerSecond: 10} }
