// Without an assembly file the compiler refuses functions that have no body;
// those in callbacks.go get theirs from the SDK by linkname.
