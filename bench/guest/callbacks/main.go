//go:build wasip1 || tinygo

// Command callbacks is hostcalls with three callbacks more, which do nothing: the
// context is created, the body of the response comes, the stream is done. Gatewarden
// has them, too.
package main

func main() {}

// done tells Envoy that the context may be deleted.
const done = 1
