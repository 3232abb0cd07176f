package mcp

import (
	"strings"

	"github.com/gatewarden/gatewarden/filter/jsonrpc"
	"github.com/gatewarden/gatewarden/filter/mcp/message"
	"github.com/gatewarden/gatewarden/filter/refusal"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/ascii"
	"github.com/gatewarden/gatewarden/internal/text"
)

// flaw says why a request cannot be read.
type flaw uint8

const (
	sound flaw = iota
	flawOrigin
	flawType
	flawEncoding
	flawSize
	flawVersion
	flawMirror
	flawJSON
	flawAmbiguous
	flawMessage
	flawBatch
	flawMany
	flawID
	flawName
	flawArgument
)

// flaws are those of a body.
var flaws = [...]flaw{
	message.Clear: sound, message.NotJSON: flawJSON, message.Ambiguous: flawAmbiguous, message.NotMessage: flawMessage,
	message.NoBatches: flawBatch, message.TooMany: flawMany, message.SameID: flawID, message.NoName: flawName,
}

// flawOf returns why a body of this kind is not read.
func flawOf(d *request.Details, maxBody int) flaw {
	switch {
	case !isJSON(d.ContentType):
		return flawType
	case d.ContentEncoding != "" && !strings.EqualFold(d.ContentEncoding, "identity"):
		return flawEncoding
	case d.ContentLength > maxBody:
		return flawSize
	}
	return sound
}

// isJSON tells whether a media type is JSON in UTF-8. A service could take another charset
// at its word, and read something else in the same bytes.
func isJSON(contentType string) bool {
	mediaType, parameters, more := strings.Cut(contentType, ";")
	if !strings.EqualFold(ascii.TrimBlanks(mediaType), "application/json") {
		return false
	}
	if !more {
		return true
	}
	name, value, _ := strings.Cut(parameters, "=")
	value = strings.Trim(ascii.TrimBlanks(value), `"`)
	return strings.EqualFold(ascii.TrimBlanks(name), "charset") && strings.EqualFold(value, "utf-8")
}

// fault is what a refusal for a flaw says.
type fault struct {
	status, code int
	title        string
	message      string
}

const badRequest, unsupported = "Bad Request", "Unsupported Media Type"

var faults = [...]fault{
	flawOrigin:    {403, jsonrpc.CodeForbidden, "Forbidden", "Pages of this origin must not call this server."},
	flawType:      {415, jsonrpc.CodeInvalidRequest, unsupported, "Send the request as application/json, in UTF-8."},
	flawEncoding:  {415, jsonrpc.CodeInvalidRequest, unsupported, "Send the request without compression."},
	flawSize:      {413, jsonrpc.CodeInvalidRequest, "Content Too Large", "The request is too large."},
	flawVersion:   {400, jsonrpc.CodeInvalidRequest, badRequest, "Send MCP-Protocol-Version once, with a version such as 2025-11-25."},
	flawMirror:    {400, jsonrpc.CodeHeaderMismatch, badRequest, "Mcp-Method and Mcp-Name must say what the body does."},
	flawJSON:      {400, jsonrpc.CodeParseError, badRequest, "The body is not one JSON document in UTF-8, or it is nested too deeply."},
	flawAmbiguous: {400, jsonrpc.CodeInvalidRequest, badRequest, "The body can be read in more than one way. Write each name once, in its own letters."},
	flawMessage:   {400, jsonrpc.CodeInvalidRequest, badRequest, "The body is not a JSON-RPC message."},
	flawBatch:     {400, jsonrpc.CodeInvalidRequest, badRequest, "This version of MCP has no batches. Send each message alone."},
	flawMany:      {400, jsonrpc.CodeInvalidRequest, badRequest, "The batch has more than 100 messages. Send fewer."},
	flawID:        {400, jsonrpc.CodeInvalidRequest, badRequest, "Two requests of the batch have the same id. Give each one of its own."},
	flawName:      {400, jsonrpc.CodeInvalidParams, badRequest, "The parameters do not say which tool, prompt or resource is meant."},
	flawArgument:  {400, jsonrpc.CodeInvalidParams, badRequest, "An argument can be read in more than one way. Write each name once, in its own letters."},
}

// Words returns what a refusal of the room says.
func (s *State) Words(why *refusal.Refusal) *refusal.Words {
	if s.rule == nil {
		return &refusal.Words{}
	}
	if why.Reason == refusal.TierDenied {
		return s.tierWords()
	}
	f := &faults[s.flaw]
	words := &refusal.Words{Status: f.status, GRPC: refusal.GRPCInvalidArgument, Code: f.code, Problem: refusal.Blank(f.title), Message: f.message}
	if s.flaw == flawEncoding {
		words.AcceptEncoding = "identity"
	}
	return words
}

// UnreadableAnswer returns what is said in the place of a list of tools that cannot be read.
func UnreadableAnswer() *refusal.Words {
	return &refusal.Words{
		Status: 502, GRPC: refusal.GRPCUnavailable, Code: jsonrpc.CodeInternal, Problem: refusal.Blank("Bad Gateway"),
		Message: "The service compressed its list of tools, so that it cannot be filtered.",
	}
}

// tierWords name the tier that is needed.
func (s *State) tierWords() *refusal.Words {
	tier := s.rule.room.tierNames[s.rank-1]
	return &refusal.Words{
		Status: 403, GRPC: refusal.GRPCPermissionDenied, Code: jsonrpc.CodeForbidden,
		Problem: refusal.Blank("Forbidden"),
		Message: text.Join("This needs the tier ", tier, " or a higher one."),
		More:    text.Join(`,"tier":"`, tier, `"`),
	}
}

// NamesID tells whether a refusal of the request has the id of the request: nobody knows
// which one that is if the body cannot be read in one way only, and of a page that must not
// call the server nothing is read.
func (s *State) NamesID() bool {
	switch s.flaw {
	case flawOrigin, flawJSON, flawAmbiguous, flawMessage:
		return false
	}
	return true
}
