//go:build wasip1 && gatewarden_trap

package proxywasm

// trapIfAsked makes the VM trap on request, so that tests can see what the proxy does
// then. Only builds with the tag gatewarden_trap contain it.
func trapIfAsked() {
	for _, header := range new(Host).RequestHeaders() {
		if header.Name == "x-gatewarden-trap" {
			panic("trap: asked for by x-gatewarden-trap")
		}
	}
}
