// Package model says a second time what Gatewarden does, in the plainest way
// there is: maps that only grow, no table, no sets, no codec, no shared data. It
// is written from docs/configuration.md and RATIONALE.md and not from the code
// that it is held against.
//
//	Setup    a configuration, as values; JSON writes it for the filter
//	Script   a setup and steps: who sends what on which worker, what the service
//	         answers, how the clock moves, which requests are under way at once
//	Model    what must come of each step
//	Compare  plays a script on model and filter and tells where they part
//	Shrink   makes a script shorter for as long as they still part
//
// What the model does not know is left out of the scripts: path spellings beyond
// a few, addresses that are none in the middle of X-Forwarded-For, tables that
// are too small. The filter has tests of its own for those.
package model
