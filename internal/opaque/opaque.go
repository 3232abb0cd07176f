// Package opaque hides the type of a pointer from TinyGo's type descriptions.
//
// TinyGo describes in the module each type whose values become an interface, with all
// types that it reaches through its fields. The proxy's contexts are interfaces and reach
// the whole filter: its description would be 24 kB of every worker's memory, and nothing
// reads it. See RATIONALE.md, "Why do the contexts hide what they point to?"
package opaque

import "unsafe"

// Pointer is a *T.
type Pointer[T any] struct{ p unsafe.Pointer }

// To returns p as a Pointer.
func To[T any](p *T) Pointer[T] { return Pointer[T]{unsafe.Pointer(p)} }

// Get returns the *T. It is nil for the zero Pointer.
func (o Pointer[T]) Get() *T { return (*T)(o.p) }
