// Package message reads the messages that a client of the Model Context Protocol sends:
// which methods they call, which tools, with which arguments.
//
// Parsers of JSON differ in what they make of a name that occurs twice, of names that
// differ in letter case only, of bytes after the document, of NaN. A service that read a
// priced call where the filter read none would serve it for nothing. So a body that two
// parsers could read differently has a [Flaw], and nothing else is said of it. The tests in
// e2e/mcpreaders hold what is read here against the parsers of MCP's own SDKs.
//
//	message.go   Read: a body to its messages
//	member.go    the members of an object, each at most once
//	id.go        the ids of requests
//	argument.go  the arguments of a call
//	walk.go      members and elements, one after the other
//	flaw.go      why a body cannot be read
package message

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/gatewarden/gatewarden/internal/jsonguard"
)

// Message is one JSON-RPC message. Its arguments share the memory of the body, its texts do
// not.
type Message struct {
	// ID is the raw JSON of a request's id. It is "" for a notification and a response.
	ID string
	id gjson.Result
	// Method is "" for a response.
	Method string
	// Name says on what a method works: the name of a tool or a prompt, or the URI of a
	// resource. It is "" for all methods but tools/call, prompts/get and resources/read.
	Name string
	// arguments are those of the call, as JSON.
	arguments []byte
}

// The methods that work on something with a name.
const (
	ToolsCall     = "tools/call"
	ToolsList     = "tools/list"
	PromptsGet    = "prompts/get"
	ResourcesRead = "resources/read"
)

// MaxBatch is how many messages a batch may have.
const MaxBatch = 100

// Read appends the messages of a body to list. batches tells whether the body may be an
// array of them, which only MCP 2025-03-26 and its predecessor allow. With a flaw, the
// returned list is to be ignored.
func Read(list []Message, body []byte, batches bool) ([]Message, Flaw) {
	if !jsonguard.Valid(body) || !utf8.Valid(body) {
		return list, NotJSON
	}
	root := body[between(body, 0):]
	if kindOf(root) != '[' {
		list = append(list, Message{})
		flaw := list[len(list)-1].read(root)
		return list, flaw
	}
	count, begin := 0, len(list)
	w := walk(root)
	for _, element, more := w.next(); more; _, element, more = w.next() {
		if count++; count > MaxBatch {
			return list, TooMany
		}
		list = append(list, Message{})
		m := &list[len(list)-1]
		if flaw := m.read(element); flaw != Clear {
			return list, flaw
		}
		if m.repeatsID(list[begin : len(list)-1]) {
			return list, SameID
		}
	}
	switch {
	case count == 0:
		return list, NotMessage
	case !batches:
		return list, NoBatches
	}
	return list, Clear
}

// What is read of a message and of its parameters.
var (
	messageMembers = [...]string{"method", "id", "params", "result", "error"}
	paramsMembers  = [...]string{"name", "uri", "arguments"}
)

// read reads one message.
func (m *Message) read(json []byte) Flaw {
	if kindOf(json) != '{' {
		return NotMessage
	}
	var found [len(messageMembers)][]byte
	if !members(json, messageMembers[:], found[:]) {
		return Ambiguous
	}
	id, params := gjson.Parse(string(found[1])), found[2]
	switch isResponse := len(found[3])+len(found[4]) > 0; {
	case len(found[0]) == 0 && isResponse:
		return Clear
	case isResponse:
		return Ambiguous
	}
	// MCP: an id is a string or a number, never null.
	method, isText, isMangled := textOf(found[0])
	if !isText || id.Exists() && id.Type != gjson.String && id.Type != gjson.Number {
		return NotMessage
	}
	if isMangled || mangles(id) {
		return Ambiguous
	}
	m.Method, m.ID, m.id = method, id.Raw, id
	return m.readParams(params)
}

// readParams reads what the filter needs of a method's parameters.
func (m *Message) readParams(params []byte) Flaw {
	if kindOf(params) != '{' {
		if nameOf(m.Method) != "" {
			return NoName
		}
		return Clear
	}
	var found [len(paramsMembers)][]byte
	if !members(params, paramsMembers[:], found[:]) {
		return Ambiguous
	}
	m.arguments = found[2]
	name := found[0]
	switch nameOf(m.Method) {
	case "":
		return Clear
	case "uri":
		name = found[1]
	}
	is, isText, isMangled := textOf(name)
	switch {
	case !isText:
		return NoName
	case isMangled:
		return Ambiguous
	}
	m.Name = is
	return Clear
}

// nameOf returns the parameter that says on what a method works, or "".
func nameOf(method string) string {
	switch method {
	case ToolsCall, PromptsGet:
		return "name"
	case ResourcesRead:
		return "uri"
	}
	return ""
}
