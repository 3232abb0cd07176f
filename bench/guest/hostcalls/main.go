//go:build wasip1 || tinygo

// Command hostcalls makes the four host calls, in the two callbacks that it takes.
package main

func main() {}
