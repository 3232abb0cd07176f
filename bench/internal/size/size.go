// Package size tells what takes how much of a Wasm module that has the names of its
// functions.
package size

import (
	"errors"
	"fmt"
	"strings"
)

// Module is what a module holds, in bytes.
type Module struct {
	// Total is the whole module.
	Total int
	// Code is that of the functions, by package: see packageOf.
	Code map[string]int
	// Data is what memory begins with: texts, tables, and what describes types and
	// functions to the program itself.
	Data int
	// Other is all else: the lists of types, imports and exports, and custom sections.
	Other int
}

// The sections that matter here, and the parts of the section "name".
// See https://webassembly.github.io/spec/core/binary/modules.html#sections
const (
	customSection = 0
	importSection = 2
	codeSection   = 10
	dataSection   = 11

	functionNames = 1
)

// header is how every module begins.
const header = "\x00asm\x01\x00\x00\x00"

// Read reads a module.
func Read(wasm []byte) (Module, error) {
	m := Module{Total: len(wasm), Code: map[string]int{}}
	if !strings.HasPrefix(string(wasm), header) {
		return m, errors.New("this is no Wasm module")
	}
	var (
		r        = &reader{rest: wasm[len(header):]}
		imported int
		bodies   []int
		names    map[int]string
	)
	for len(r.rest) > 0 && r.err == nil {
		kind, content := r.byte(), &reader{rest: r.bytes(r.number())}
		switch {
		case kind == importSection:
			imported = content.imports()
		case kind == codeSection:
			bodies = content.bodies()
		case kind == dataSection:
			m.Data = len(content.rest)
		case kind == customSection && string(content.bytes(content.number())) == "name":
			names = content.names()
		}
		if r.err == nil {
			r.err = content.err
		}
	}
	if r.err == nil && names == nil {
		r.err = errors.New("it has no names: build it with NAMES=1")
	}
	for i, size := range bodies {
		m.Code[packageOf(names[imported+i])] += size
	}
	m.Other = m.Total - m.Data
	for _, size := range m.Code {
		m.Other -= size
	}
	return m, r.err
}

// reader reads a module from front to back. What is asked of it after a mistake is zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) bytes(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.fail("it ends too early")
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("reading the module: "+format, args...)
	}
	r.rest = nil
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// number reads an unsigned LEB128 of at most 32 bits.
func (r *reader) number() int {
	n := 0
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= int(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.fail("a number is too long")
	return 0
}

// imports returns how many functions are imported: they have the first numbers.
func (r *reader) imports() (functions int) {
	for range r.number() {
		r.bytes(r.number())
		r.bytes(r.number())
		switch kind := r.byte(); kind {
		case 0:
			functions++
			r.number()
		case 1: // a table: its type and limits
			r.byte()
			r.limits()
		case 2: // a memory
			r.limits()
		case 3: // a global: its type, and whether it changes
			r.bytes(2)
		default:
			r.fail("an import of the unknown kind %d", kind)
		}
		if r.err != nil {
			return 0
		}
	}
	return functions
}

func (r *reader) limits() {
	hasMaximum := r.byte()&1 != 0
	r.number()
	if hasMaximum {
		r.number()
	}
}

// bodies returns the size of each function.
func (r *reader) bodies() (sizes []int) {
	for range r.number() {
		size := r.number()
		if r.bytes(size); r.err != nil {
			return nil
		}
		sizes = append(sizes, size)
	}
	return sizes
}

// names returns the names of functions, by number.
func (r *reader) names() map[int]string {
	names := map[int]string{}
	for len(r.rest) > 0 && r.err == nil {
		kind, part := r.byte(), &reader{rest: r.bytes(r.number())}
		if kind != functionNames {
			continue
		}
		for range part.number() {
			number := part.number()
			if names[number] = string(part.bytes(part.number())); part.err != nil {
				r.fail("%w", part.err)
				break
			}
		}
	}
	return names
}
