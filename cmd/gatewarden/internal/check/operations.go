package check

import (
	"fmt"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// operations checks where an operations endpoint can be reached, and what it sees.
func (c *checker) operations(i *instances.Instance) {
	if i.Kind != instances.Envoy || i.Resource.Exists() && !i.Listener.Exists() {
		c.add(Finding{
			Rule: "admin-exposed", Severity: Error, Where: i.Where, Path: "admin", Line: i.LineOf("admin"),
			Message: "makes an operations endpoint of listeners that carry the service's traffic",
			Why:     "It answers every request itself: clients reach the endpoint in place of the service.",
			Remedy:  "give it a listener of its own on 127.0.0.1, by an EnvoyFilter that adds one, and use kubectl port-forward",
		})
		return
	}
	c.exposed(i)
	c.besideGuard(i)
	c.seesNothing(i)
}

func (c *checker) exposed(i *instances.Instance) {
	if !i.Listener.Exists() {
		return
	}
	addresses := []tree.Node{i.Listener.At("address")}
	for _, more := range i.Listener.At("additional_addresses").Items() {
		addresses = append(addresses, more.At("address"))
	}
	socket := i.FilterChain.At("transport_socket", "typed_config")
	for _, address := range addresses {
		if IsLocal(address) || socket.At("require_client_certificate").True() {
			continue
		}
		c.add(Finding{
			Rule: "admin-exposed", Severity: Error, Where: i.Where, Path: "listener: address",
			Message: "is not a loopback address, and no client certificate is required",
			Why:     "Whoever reaches the operations endpoint can guess tokens, and with one unlock and lock anybody.",
			Remedy:  "write address: 127.0.0.1 or a pipe, or require_client_certificate: true in the transport_socket",
		}, address, i.Listener)
		return
	}
}

func (c *checker) besideGuard(i *instances.Instance) {
	for _, other := range c.file.Instances {
		if other == i || other.HasKey("admin") || !i.Manager.Exists() || !other.Manager.Same(i.Manager) {
			continue
		}
		c.add(Finding{
			Rule: "admin-beside-guard", Severity: Error, Where: i.Where, Path: "admin", Line: i.LineOf("admin"),
			Message: fmt.Sprintf("is in the chain of %s", other.Where),
			Why:     "The operations endpoint answers every request itself, so that none reaches the service.",
			Remedy:  "give it a listener of its own",
		})
		return
	}
}

// seesNothing: the lockouts are in the shared data of one vm_id.
func (c *checker) seesNothing(i *instances.Instance) {
	guards := 0
	for _, other := range c.file.Instances {
		if other.HasKey("admin") || other.Kind == instances.Gateway {
			continue
		}
		if guards++; vmIDOf(other) == vmIDOf(i) {
			return
		}
	}
	if guards == 0 {
		return // they are in another file
	}
	c.add(Finding{
		Rule: "admin-alone", Severity: Error, Where: i.Where, Path: "vm_config.vm_id",
		Message: fmt.Sprintf("is %q, which no guarding instance has", vmIDOf(i)),
		Why:     "The operations endpoint shares its memory with instances of the same vm_id only, so that it sees no lockout.",
		Remedy:  "write the vm_id of the guarding instances",
	}, i.Plugin.At("vm_config", "vm_id"), i.Plugin)
}
