package register

import "github.com/gatewarden/gatewarden/table"

// Lockout is what is written down of a lockout when it begins.
type Lockout struct {
	// Key finds its record in the table of the Size (see table.Table.Size).
	Key  table.Key
	Size uint8
	What What
	// Surface is the name of the surface that it is for.
	Surface string
	// Client is the locked-out client, as the log names clients; "" if an account or
	// credential is locked for all clients.
	Client string
	// Subject is the keyed hash of the account or credential, 0 if it is neither.
	Subject uint64
	// Also is a counter of another rule that an unlock by hand clears as well, so that the
	// lockout does not begin again at once; zero if there is none.
	Also table.Key
	// Shared is the name of its counter in the fleet with this ID, so that an unlock by hand
	// reaches the other proxies; 0 if it is in none.
	Shared table.Key
	Fleet  uint64
	// By is the operator who locked the client out by hand, "" if the filter did.
	By string
	// Since is when it began, Until when it was to end when it was written down.
	Since, Until int64
}

// What says what is locked out.
type What uint8

// All that can be locked out.
const (
	Client What = iota
	Network
	Account
	Credential
	whats
)

var whatNames = [whats]string{"client", "network", "account", "credential"}

func (w What) String() string {
	if w < whats {
		return whatNames[w]
	}
	return ""
}
