//go:build !tinygo || !gc.none

package heap

// Enter and Leave do nothing where another collector is in charge: Go's, or TinyGo's own in
// a build without -gc=none.
func Enter() {}

// Leave is what each callback ends with.
func Leave() {}
