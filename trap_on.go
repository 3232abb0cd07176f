//go:build wasip1 && gatewarden_trap

package main

// trapIfAsked makes the VM trap, for tests of what the proxy does then. It is
// only in builds with the tag gatewarden_trap.
func trapIfAsked(h *host) {
	for _, header := range h.RequestHeaders() {
		if header.Name == "x-gatewarden-trap" {
			panic("trap: asked for by x-gatewarden-trap")
		}
	}
}
