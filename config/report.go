package config

// ClientForm is the form in which a client appears in the log. Default:
// ClientFull.
type ClientForm uint8

// The forms of a client in the log.
const (
	// ClientFull is the address or, with a shorter prefix, the network. Danger: it is
	// personal data in many places.
	ClientFull ClientForm = iota
	// ClientTruncated is the network of 24 bits, or 48 for IPv6.
	ClientTruncated
	// ClientHash is a keyed hash. It stays the same as long as the table lives.
	ClientHash
)

// Log says how the filter writes about clients, and how often.
type Log struct {
	Client ClientForm
	// PerSecond limits the lines per second of each worker about failures and
	// refusals, and again those about attacks; 1 to 1000. Further lines are only
	// counted. Default: 10.
	PerSecond int
}

var clientForms = []string{ClientFull: "full", ClientTruncated: "truncated", ClientHash: "hash"}

var oneLog Log

var logFields = table[Log]{&oneLog, []field[Log]{
	{key: "client", as: &oneOf{(*uint8)(&oneLog.Client), clientForms}},
	{key: "per_second", as: &integer{&oneLog.PerSecond, 1, 1000}},
}}

func defaultLog() Log { return Log{Client: ClientFull, PerSecond: 10} }
