// Package stdgo lets proxy-wasm-go-sdk run under standard Go.
//
// The SDK calls the host only when TinyGo compiles it. Every other compiler
// gets its mock layer: an interface for the host, made for unit tests, and
// exported forms of its callbacks. This package puts a real host behind that
// interface (hostcalls.go) and hands Envoy's callbacks to those exported forms
// (callbacks.go). Import it for its side effects; under TinyGo, and natively,
// it is empty.
//
// Only the callbacks that Gatewarden uses are exported, because Envoy calls
// each exported one for every stream. Why not another SDK: see RATIONALE.md,
// "Why is the SDK bound by hand under standard Go?".
package stdgo
