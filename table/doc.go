// Package table keeps counters in shared data, in bounded memory.
//
// Shared data is a map that all workers of a proxy see. It has no delete, no
// expiry and no listing, so a client never becomes a key in it: an attacker who
// chose keys could fill the proxy's memory. Instead the table is a fixed number
// of sets, each of them one value that holds up to [Ways] records, as in a
// processor's cache. A counter's key is hashed, with a seed that only the proxy
// knows, to its set and to the 64-bit fingerprint that finds its record there.
//
//	key ──SipHash(seed)──► set index ──► shared-data value
//	                  └──► fingerprint   ┌────────┬────────┬────────┬───┐
//	                                     │ header │ record │ record │ … │
//	                                     └────────┴────────┴────────┴───┘
//
// Every change is a compare-and-swap, so no update is lost, however many
// workers make them. When a set is full, a record that has expired goes first,
// then the one that matters least; a locked one never goes. The set keeps the
// level of evicted records, so that a client that comes back gets no fresh
// allowance.
//
// The package reads no clock and no randomness: both are arguments.
package table
