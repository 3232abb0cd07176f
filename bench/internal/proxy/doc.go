// Package proxy starts the proxies that are measured, one after the other with
// the same two routes, and says what they cost the machine.
package proxy
