// Package register keeps what an operations endpoint needs besides the counters: the list
// of lockouts, and the surfaces.
//
// The table (package table) finds a counter's record by the hash of its name, and can
// neither list records nor name their clients. So the instance that begins a lockout also
// writes its name here, once. Only the table knows whether it still lasts, and until when:
// an entry here is a hint where to look.
//
//	guarding instance ── lockout begins ──► Register ──┐
//	        │                                          ├──► operations endpoint
//	        └── now and then ──────────► Catalogue ────┘
//
// Both are values in shared data of a bounded size, changed by compare-and-swap. The
// package reads no clock: time is an argument, in milliseconds.
package register
