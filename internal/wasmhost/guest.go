package wasmhost

// Callback is the name of a function that a module exports for the host.
type Callback string

const (
	OnContextCreate    Callback = "proxy_on_context_create"
	OnVMStart          Callback = "proxy_on_vm_start"
	OnConfigure        Callback = "proxy_on_configure"
	OnTick             Callback = "proxy_on_tick"
	OnRequestHeaders   Callback = "proxy_on_request_headers"
	OnRequestBody      Callback = "proxy_on_request_body"
	OnRequestTrailers  Callback = "proxy_on_request_trailers"
	OnResponseHeaders  Callback = "proxy_on_response_headers"
	OnResponseBody     Callback = "proxy_on_response_body"
	OnResponseTrailers Callback = "proxy_on_response_trailers"
	OnHTTPCallResponse Callback = "proxy_on_http_call_response"
	OnGRPCReceive      Callback = "proxy_on_grpc_receive"
	OnGRPCClose        Callback = "proxy_on_grpc_close"
	OnLog              Callback = "proxy_on_log"
	OnDone             Callback = "proxy_on_done"
	OnDelete           Callback = "proxy_on_delete"
)

// Guest is the code of one VM: a Wasm module, or Go code that calls a Host
// directly. It is used by one goroutine at a time.
//
// An error is a trap: the VM is dead after it, and no callback is called again.
type Guest interface {
	// Exports tells whether the guest has a callback. One that it has not is
	// never called and counts as Continue (or true, for those that return bool).
	Exports(Callback) bool

	OnContextCreate(id, parent uint32) error
	OnVMStart(id uint32, size int) (bool, error)
	OnConfigure(id uint32, size int) (bool, error)
	OnTick(id uint32) error

	OnRequestHeaders(id uint32, headers int, end bool) (Action, error)
	OnRequestBody(id uint32, size int, end bool) (Action, error)
	OnRequestTrailers(id uint32, trailers int) (Action, error)
	OnResponseHeaders(id uint32, headers int, end bool) (Action, error)
	OnResponseBody(id uint32, size int, end bool) (Action, error)
	OnResponseTrailers(id uint32, trailers int) (Action, error)

	OnHTTPCallResponse(id, call uint32, headers, size, trailers int) error
	OnGRPCReceive(id, call uint32, size int) error
	OnGRPCClose(id, call, status uint32) error

	OnLog(id uint32) error
	OnDone(id uint32) (bool, error)
	OnDelete(id uint32) error

	// Close frees the VM.
	Close() error
}

// NoCallbacks is a Guest that exports nothing. Go code embeds it, implements
// the callbacks it wants and answers for them in its own Exports.
type NoCallbacks struct{}

var _ Guest = NoCallbacks{}

func (NoCallbacks) Exports(Callback) bool                               { return false }
func (NoCallbacks) OnContextCreate(uint32, uint32) error                { return nil }
func (NoCallbacks) OnVMStart(uint32, int) (bool, error)                 { return true, nil }
func (NoCallbacks) OnConfigure(uint32, int) (bool, error)               { return true, nil }
func (NoCallbacks) OnTick(uint32) error                                 { return nil }
func (NoCallbacks) OnRequestHeaders(uint32, int, bool) (Action, error)  { return Continue, nil }
func (NoCallbacks) OnRequestBody(uint32, int, bool) (Action, error)     { return Continue, nil }
func (NoCallbacks) OnRequestTrailers(uint32, int) (Action, error)       { return Continue, nil }
func (NoCallbacks) OnResponseHeaders(uint32, int, bool) (Action, error) { return Continue, nil }
func (NoCallbacks) OnResponseBody(uint32, int, bool) (Action, error)    { return Continue, nil }
func (NoCallbacks) OnResponseTrailers(uint32, int) (Action, error)      { return Continue, nil }
func (NoCallbacks) OnHTTPCallResponse(_, _ uint32, _, _, _ int) error   { return nil }
func (NoCallbacks) OnGRPCReceive(_, _ uint32, _ int) error              { return nil }
func (NoCallbacks) OnGRPCClose(_, _, _ uint32) error                    { return nil }
func (NoCallbacks) OnLog(uint32) error                                  { return nil }
func (NoCallbacks) OnDone(uint32) (bool, error)                         { return true, nil }
func (NoCallbacks) OnDelete(uint32) error                               { return nil }
func (NoCallbacks) Close() error                                        { return nil }
