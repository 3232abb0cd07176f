// Package wasmhost stands in for Envoy's Wasm host in tests: several VMs over
// one shared-data store, with a clock that is set by hand, in one process and
// without a network.
//
//	module, err := wasmhost.Compile(wasm)              // once per program
//	process := wasmhost.NewProcess(wasmhost.ProcessOptions{})
//	worker, err := module.NewProxy(process, wasmhost.Options{PluginConfig: config})
//	defer worker.Close()
//
//	result := worker.Do(wasmhost.Request{Path: "/api/v1/x"}, upstream)
//	process.Clock.Advance(time.Minute)
//
// A Process is what one Envoy process shares: SharedData, Metrics and Clock. A
// Proxy is one worker, with a VM of its own; it belongs to one goroutine at a
// time, and any number of them may run side by side. Do takes one stream through
// the filter, callback by callback, in the order and with the arguments of
// Envoy; its Result says what the client and the upstream saw, what it cost in
// host calls, and whether the stream hung or the VM trapped. An Upstream may call
// Do on the same Proxy: the streams then interleave on one VM.
//
// The guest need not be Wasm: NewProxy takes any Guest, for instance Go code
// that calls the methods of Host directly.
//
// What this package claims about Envoy is written down as rows in the package
// contract. The rows run here against this host, and with a driver of their own
// against a real Envoy.
//
// A callout that the guest makes is answered by Options.Callout as soon as a stream
// cannot go on without. Begin leaves a stream waiting instead, so that others come
// beside it; Answer or Finish let it go on.
//
// It leaves out what the filter does not use: other filters beside it, shared queues, gRPC calls, network filters, the limits
// on buffers, retries and timeouts.
package wasmhost
