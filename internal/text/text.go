// Package text puts texts together: documents, lines, messages. A method of [Buffer] is one
// small call where append and + are each a call with three words to be kept, and there
// are hundreds in the filter. That is why none may be inlined.
package text

import (
	"strconv"
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"
)

// Buffer is a text that grows. The zero Buffer is empty.
type Buffer []byte

// Add appends a text.
//
//go:noinline
func (b *Buffer) Add(text string) { *b = append(*b, text...) }

// AddInt appends a number. Package strconv would put the digits together in memory that
// TinyGo allocates.
//
//go:noinline
func (b *Buffer) AddInt(n int64) {
	rest := uint64(n)
	if n < 0 {
		*b, rest = append(*b, '-'), -rest
	}
	length := 1
	for power := rest / 10; power > 0; power /= 10 {
		length++
	}
	*b = append(*b, "00000000000000000000"[:length]...)
	for at := len(*b) - 1; rest > 0; at-- {
		(*b)[at] = '0' + byte(rest%10)
		rest /= 10
	}
}

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

// View returns bytes as a text in the same memory, without a copy: it is another one when they
// change. It is for calls of the proxy, which copies what it is given, and for comparisons,
// which TinyGo would make a copy for.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
