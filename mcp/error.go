// Package mcp reads and writes the JSON-RPC messages of the Model Context
// Protocol.
package mcp

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

// CodeRateLimited is the error code of a refusal that ends by itself. JSON-RPC
// reserves -32768 to -32000 and MCP asks new codes to stay outside of it
// (2026-07-28, "Error Codes"), so it is HTTP's number.
const CodeRateLimited = 429

// CodeUnauthorized is the error code of a refusal for want of a valid credential.
const CodeUnauthorized = 401

// CodeUnavailable is the error code of a refusal because something else is out of
// order.
const CodeUnavailable = 503

// CodeBypassDenied is the error code of a refusal because the request asks not to be
// limited.
const CodeBypassDenied = 428

// MaxRequest is how much of a request's body is read for its id. Requests are
// far smaller as a rule; the id stands at their beginning, but only a whole
// body is known to be valid.
const MaxRequest = 64 << 10

// maxBatch bounds the answer to a batch (MCP 2025-03-26).
const maxBatch = 100

// Error returns the JSON-RPC error that refuses a request. The id is the
// request's own, byte for byte, because clients drop an answer whose id differs
// and wait for ever. Where the request has no id, or is not at hand, or is no
// valid JSON, the error has none: MCP allows that for an HTTP error, and an id
// of null is refused by some clients. A batch is answered by a batch.
//
// message and data go out as they are: message must need no escaping, data must
// be JSON.
func Error(request []byte, code int, message, data string) []byte {
	tail := `"error":{"code":` + strconv.Itoa(code) + `,"message":"` + message + `","data":` + data + `}}`
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

// requestID returns the raw id of a request; "" for a notification, a response
// and what is no message.
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
