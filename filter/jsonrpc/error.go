// Package jsonrpc writes the JSON-RPC errors that refuse requests of the Model Context
// Protocol.
package jsonrpc

import (
	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/jsonguard"
	"github.com/gatewarden/gatewarden/internal/text"
)

// The error codes of refusals. JSON-RPC reserves -32768 to -32000 and MCP asks new
// codes to stay outside of that range (2026-07-28, "Error Codes"), so they are HTTP's
// numbers.
const (
	CodeUnauthorized    = 401
	CodePaymentRequired = 402
	CodeForbidden       = 403
	CodeBypassDenied    = 428
	CodeRateLimited     = 429
	CodeUnavailable     = 503
)

// The error codes of JSON-RPC itself, and of MCP 2026-07-28, for requests that cannot be read.
const (
	CodeParseError     = -32700
	CodeInvalidRequest = -32600
	CodeInvalidParams  = -32602
	CodeInternal       = -32603
	CodeHeaderMismatch = -32020
)

// MaxRequest is how much of a request's body, in bytes, is read for its id. Most
// requests are far smaller. The id is near the beginning, but only a whole body is
// known to be valid.
const MaxRequest = 64 << 10

// maxBatch bounds the answer to a batch (MCP 2025-03-26).
const maxBatch = 100

// Error returns the JSON-RPC error that refuses a request. The id is the request's
// own, byte for byte, because clients drop a response with another id and wait forever.
// If the request has no id, is not available (nil), or is not valid JSON, the error has
// no id: MCP allows that for an HTTP error, and some clients refuse an id of null. The
// response to a batch is a batch.
//
// Error does not escape message, and data must be JSON.
func Error(request []byte, code int, message, data string) []byte {
	return reply(request, text.Join(`"error":{"code":`, text.Int(int64(code)), `,"message":"`, message, `","data":`, data, "}}"))
}

// ToolError returns the result of a tool that refuses a request, as [Error] does. It is for
// the model that called the tool, which sees no other errors (MCP, "Error Handling").
// complete tells that the version of MCP is one in which a result says that it is complete.
func ToolError(request []byte, message string, complete bool) []byte {
	kind := ""
	if complete {
		kind = `"resultType":"complete",`
	}
	return reply(request, text.Join(`"result":{`, kind, `"content":[{"type":"text","text":"`, message, `"}],"isError":true}}`))
}

// reply answers a request. tail is what comes behind the id.
func reply(request []byte, tail string) []byte {
	if !jsonguard.Valid(request) {
		return appendError(nil, "", tail)
	}
	root := gjson.ParseBytes(request)
	if !root.IsArray() {
		return appendError(nil, requestID(root), tail)
	}
	var out []byte
	count := 0
	root.ForEach(func(_, message gjson.Result) bool {
		id := requestID(message)
		if id == "" {
			return true
		}
		if count++; count > 1 {
			out = append(out, ',')
		}
		out = appendError(out, id, tail)
		return count < maxBatch
	})
	if count == 0 {
		return appendError(nil, "", tail)
	}
	return append(append([]byte{'['}, out...), ']')
}

func appendError(out []byte, id, tail string) []byte {
	out = append(out, `{"jsonrpc":"2.0",`...)
	if id != "" {
		out = append(out, `"id":`...)
		out = append(out, id...)
		out = append(out, ',')
	}
	return append(out, tail...)
}

// requestID returns the raw id of a request. It returns "" for a notification, a
// response, and anything that is not a message.
func requestID(message gjson.Result) string {
	if !message.IsObject() {
		return ""
	}
	id, method := "", false
	message.ForEach(func(key, value gjson.Result) bool {
		switch key.String() {
		case "method":
			method = true
		case "id":
			// MCP: an id is a string or a number, never null.
			if value.Type == gjson.String || value.Type == gjson.Number {
				id = value.Raw
			}
		}
		return true
	})
	if !method {
		return ""
	}
	return id
}
