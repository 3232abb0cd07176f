// Package register keeps what an operations endpoint has to know beside the counters:
// which lockouts there are, and which surfaces.
//
// The table (package table) finds a counter's record by the hash of its name, and can
// neither list the records nor say whose they are. So who begins a lockout writes its
// name down here, once. Whether it still lasts, and until when, is told by the table
// alone: an entry here is a hint where to look.
//
//	guarding instance ── lockout begins ──► Register ──┐
//	        │                                          ├──► operations endpoint
//	        └── now and then ──────────► Catalogue ────┘
//
// Both are values in shared data of a bounded size, changed by compare-and-swap. The
// package reads no clock: time is an argument, in milliseconds.
package register
