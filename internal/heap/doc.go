// Package heap is the memory of the filter when TinyGo builds it: an allocator, and a
// collector that runs only between callbacks of the proxy.
//
// Between two callbacks no Go function is running, so all that is reachable is reachable
// from the globals. A collector that never runs at another moment needs no list of the
// pointers on the stack, which TinyGo otherwise has every function keep. See RATIONALE.md,
// "Why does TinyGo's build have a collector of its own?"
//
// The heap consists of pages of 4 KiB. A page holds objects of one size, or belongs to an
// object of several pages. A page either holds objects that may have pointers, or leaves,
// which have none by their type and are not searched. A table describes the pages, and has
// a bit for each object: whether the last collection has found it. An object without the
// bit is free, so that neither a collection nor an allocation touches the objects
// themselves to know that. An object is cleared when it is given out.
//
// A collection marks what can be reached and frees the pages that have nothing of it.
//   - Every aligned word of a global, or of an object that is no leaf, counts as a pointer
//     if its value is an address of the heap. So a number can keep an object alive that
//     nothing needs. It is never the other way round.
//   - A pointer into the middle of an object keeps the whole of it, as slices and strings
//     need. A pointer just behind its end does not: Go makes them (s[len(s):] has no
//     capacity left), and can reach nothing through them. It may keep the neighbour.
//   - Objects never move.
//
// Other builds use Go's own collector. There, this package is used by its tests alone.
package heap
