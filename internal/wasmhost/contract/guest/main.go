//go:build wasip1

// Command guest is the filter that the contract's rows run in: it does what the
// header x-contract tells it, step by step, and keeps a line about each in shared
// data, to be fetched by a later request with the header x-contract-fetch.
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared
package main

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/internal/wasmhost/contract/script"
)

func main() {}

// stream is what the guest remembers of a request.
type stream struct {
	id     uint32
	report string // where the lines are kept; empty: nowhere
	steps  []script.Step
	lines  []string
	// counted is what "growth" saw last.
	counted uint64
	waits   int // gRPC calls without an outcome
}

var (
	streams = map[uint32]*stream{}
	calls   = map[uint32]*stream{} // those that made them
	// grpcCalls are numbered apart. stray is what the outcome of an unknown call is told to:
	// the stream that made the last call in vain.
	grpcCalls = map[uint32]*stream{}
	stray     *stream
)

const (
	requestHeaders  = 0
	requestTrailers = 1
	responseHeaders = 2
)

//go:wasmexport proxy_on_vm_start
func onVMStart(uint32, uint32) bool { return true }

//go:wasmexport proxy_on_configure
func onConfigure(_, size uint32) bool {
	var s slot
	pointer, length := s.args()
	proxyGetBufferBytes(7, 0, size, pointer, length)
	return s.String() != "refuse"
}

//go:wasmexport proxy_on_context_create
func onContextCreate(id, root uint32) {
	if root != 0 {
		streams[id] = &stream{id: id}
	}
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, _ uint32, end bool) uint32 {
	s := streams[id]
	if key, ok := header(requestHeaders, "x-contract-fetch"); ok {
		fetch(key)
		return 0
	}
	s.report, _ = header(requestHeaders, "x-contract-report")
	text, _ := header(requestHeaders, "x-contract")
	steps, err := script.Decode(text)
	if err != nil {
		s.say(err.Error())
	}
	s.steps = steps
	return s.run("request", 0, end)
}

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size uint32, end bool) uint32 {
	return streams[id].run("request-body", size, end)
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, _ uint32, end bool) uint32 {
	return streams[id].run("response", 0, end)
}

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size uint32, end bool) uint32 {
	return streams[id].run("response-body", size, end)
}

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, _ uint32) uint32 {
	return streams[id].run("response-trailers", 0, true)
}

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(_, call, _, size, _ uint32) {
	if s := calls[call]; s != nil {
		delete(calls, call)
		s.run("answer", size, true)
	}
}

//go:wasmexport proxy_on_grpc_receive
func onGRPCReceive(_, call, size uint32) { endGRPC(call, "grpc-answer", size) }

//go:wasmexport proxy_on_grpc_close
func onGRPCClose(_, call, status uint32) { endGRPC(call, "grpc-close", status) }

func endGRPC(call uint32, phase string, n uint32) {
	s := grpcCalls[call]
	if s == nil {
		stray.run("grpc-stray", n, true)
		return
	}
	delete(grpcCalls, call)
	s.waits--
	s.run(phase, n, true)
	s.file()
}

//go:wasmexport proxy_on_log
func onLog(id uint32) { streams[id].run("log", 0, true) }

//go:wasmexport proxy_on_done
func onDone(id uint32) bool {
	streams[id].run("done", 0, true)
	return true
}

//go:wasmexport proxy_on_delete
func onDelete(id uint32) {
	s := streams[id]
	delete(streams, id)
	s.run("delete", 0, true)
	s.file()
}

// file keeps the report when the stream is over, and its gRPC calls are.
func (s *stream) file() {
	if s.report != "" && streams[s.id] != s && s.waits == 0 {
		setSharedData("report/"+s.report, strings.Join(s.lines, "\n"), 0)
	}
}

// fetch answers with a report, or with 404 as long as there is none.
func fetch(key string) {
	text, _, status := getSharedData("report/" + key)
	code := uint32(200)
	if status != 0 {
		code = 404
	}
	sendLocalResponse(code, "contract_report", text, nil, -1)
}

func (s *stream) say(line string) { s.lines = append(s.lines, line) }

// run carries out the steps of one callback and returns its action.
func (s *stream) run(phase string, size uint32, end bool) uint32 {
	c := callback{stream: s, phase: phase, size: size, end: end}
	for _, step := range s.steps {
		if step.Phase == phase {
			c.do(step)
		}
	}
	return c.action
}

// callback is one call of the host.
type callback struct {
	*stream
	phase  string
	size   uint32
	end    bool
	action uint32
}

// line notes what an operation gave.
func (c *callback) line(parts ...string) {
	c.say(c.phase + " " + strings.Join(parts, " "))
}

var statusNames = map[uint32]string{
	0: "OK", 1: "NotFound", 2: "BadArgument", 3: "SerializationFailure", 4: "ParseFailure",
	6: "InvalidMemoryAccess", 7: "Empty", 8: "CasMismatch", 10: "InternalFailure", 12: "Unimplemented",
}

func name(status uint32) string {
	if n, ok := statusNames[status]; ok {
		return n
	}
	return strconv.Itoa(int(status))
}

func number(s string) uint32 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return uint32(n)
}
