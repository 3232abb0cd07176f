package message

// Flaw says why a body cannot be read as messages. The zero value says that it can.
type Flaw uint8

// The flaws.
const (
	Clear Flaw = iota
	// NotJSON is not one JSON value in UTF-8, or one that is nested too deeply.
	NotJSON
	// Ambiguous has a name that counts twice, or in an unusual spelling.
	Ambiguous
	// NotMessage is JSON, but not a message or an array of messages.
	NotMessage
	// NoBatches is an array, in a version of MCP that has none.
	NoBatches
	// TooMany has more than [MaxBatch] messages.
	TooMany
	// SameID is a batch of which two requests have the same id.
	SameID
	// NoName calls a method without saying on what it should work.
	NoName
)
