// Package model says a second time what Gatewarden does, in the plainest way
// there is: maps that only grow, no table, no sets, no codec, no shared data. It
// is written from docs/configuration.md and RATIONALE.md and not from the code
// that it is held against.
//
//	Setup    a configuration, as values; JSON writes it for the filter
//	Script   a setup and steps: who sends what on which worker, what the service
//	         answers, how the clock moves, which requests are under way at once
//	Model    what must come of each step
//	witness  what must hold in any case: a client that presented nothing wrong
//	         is not refused, and nothing is held forever
//	Compare  plays a script on model and filter and tells where they part
//	Shrink   makes a script shorter for as long as they still part
//
// Two things the model cannot know beforehand. By how much a jitter makes a
// lockout longer it learns from what it sees, within the bounds (Sight). And
// where a decision hangs on several records, a step back of the clock moves each
// by its own measure: such scripts are held against the witness alone.
//
// What quotas leave is told from lists of what was spent and, for gcra, from exact
// fractions; when there is more, by looking for the first millisecond at which there
// is.
//
// What calls cost is told from lists, too: of what each VM has reserved and the service has
// not answered. VMs are replaced while it has calls, and others give back what those had
// reserved. Whatever the model knows, in the end all that was reserved must have been
// committed, refunded or given back.
//
// What is the same credential, where repeated failures count once, is told by comparing
// all that was sent. Which accounts a body names is told from its fields and not from its
// text, and what a host is read as from the spelling that was drawn.
//
// What the model does not know is left out of the scripts: identities by metadata or
// by what the service accepted, longer windows for what slides already, path spellings beyond
// a few, paths that begin with a host, addresses that are none in the middle of
// X-Forwarded-For, form fields without a value, multipart, JSON in what is labelled as a
// form, handshakes, gRPC-Web and Connect, tables that are too small, workers between each
// other's host calls, MCP messages that can be read in more than one way, the calendar
// where the clock steps back. The filter has tests of its own for those.
package model
