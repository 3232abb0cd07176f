package caller

import "github.com/gatewarden/gatewarden/table"

// Guess is a keyed hash of all that a request presents to sign in. The zero Guess is not
// known: it is never the same as another.
type Guess [table.KeySize]byte

// IsKnown tells whether the guess can be told from others.
func (g *Guess) IsKnown() bool { return *g != Guess{} }
