// Package proxywasm connects a plugin to the proxy that loads it: the exports that
// the proxy calls, under both compilers, and the host calls that answer the plugin.
//
// The plugin is written against the contexts of the Go SDK's package types, and
// registered with SetVMContext as with the SDK. Between those contexts and the
// proxy stands this package in place of the SDK's own dispatch: it exports only the
// callbacks that Gatewarden needs, copies no result of a host call, and runs under
// standard Go and TinyGo. See RATIONALE.md, "What is used of the SDK?".
//
// It differs from the SDK in three ways:
//   - A stream ends with proxy_on_done, not with proxy_on_log: one callback less for
//     each request.
//   - The results of host calls are overwritten when the next callback begins. What a
//     context keeps it must copy.
//   - The response to an HTTP call reaches the plugin context, see HTTPCallContext.
//
// TinyGo's build has a collector of its own, which runs when a callback begins: see package
// heap.
//
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.0
package proxywasm
