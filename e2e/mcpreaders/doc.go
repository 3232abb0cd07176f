// Package mcpreaders holds the filter's reading of MCP messages against that of servers: no
// body that a server reads as a priced call may pass unpriced.
//
// The readers are the official SDKs of Go (with a server of its own), TypeScript and Python,
// and beside each of them a program that uses nothing but the parser of its language. Bodies
// are attacks made by hand (attacks_test.go), and bodies made of their parts at random
// (random_test.go). Where the filter does not refuse a body, each reader must find the same
// messages in it, or refuse it, and none may find a call that costs more.
//
//	readers_test.go   TestReaders, and FuzzGoSDK, which searches for further bodies
//	judge_test.go     what the filter makes of a body, and whether a reader may differ
//	golang_test.go    the readers in Go
//	program_test.go   those in other languages: reader.mjs and reader.py
//
// scripts/install-mcp-clients installs the SDKs that they read with.
package mcpreaders
