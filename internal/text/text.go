// Package text puts texts together: documents, lines, messages. A method of [Buffer] is one
// small call where append and + are each a call with three words to be kept, and there
// are hundreds in the filter. That is why none may be inlined.
package text

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Buffer is a text that grows. The zero Buffer is empty.
type Buffer []byte

// Add appends a text.
//
//go:noinline
func (b *Buffer) Add(text string) { *b = append(*b, text...) }

// AddInt appends a number.
//
//go:noinline
func (b *Buffer) AddInt(n int64) { *b = strconv.AppendInt(*b, n, 10) }

// AddJSON appends a text as a JSON string.
//
//go:noinline
func (b *Buffer) AddJSON(text string) { *b = gjson.AppendJSONString(*b, text) }

// Join puts parts together, with nothing between them.
//
//go:noinline
func Join(parts ...string) string { return strings.Join(parts, "") }

// Int returns a number as text.
//
//go:noinline
func Int(n int64) string { return strconv.FormatInt(n, 10) }
