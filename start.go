package main

import (
	"github.com/gatewarden/gatewarden/internal/envoyversion"
	"github.com/gatewarden/gatewarden/table"
)

// What the plugin says when it starts about the host that it starts in.

// loadSeed returns the seed that all workers hash with. first tells that this VM has made
// it, so that nobody in this process has said yet what introduce says.
func loadSeed(h host) (seed table.Seed, first, ok bool) {
	var fresh table.Seed
	h.Random(fresh[:])
	if fresh == (table.Seed{}) {
		h.Error("gatewarden: the host gives no random bytes (random_get), so anybody can compute the hashes of clients and credentials; check capability_restriction_config")
	}
	seed, ok = table.LoadSeed(h, fresh)
	return seed, ok && seed == fresh, ok
}

// hostVersion is the version of Envoy around the plugin. Other hosts do not state one.
type hostVersion struct {
	version envoyversion.Version
	known   bool
}

func versionOf(h host) (v hostVersion) {
	v.version, v.known = envoyversion.Read(h.Property(envoyversion.Property))
	return v
}

// name returns the version, or "" if the host does not state one.
func (v hostVersion) name() string {
	if !v.known {
		return ""
	}
	return v.version.String()
}

// introduce logs which host has loaded the plugin, and warns of one that Gatewarden is
// not tested with. No host is refused for that.
func introduce(h host, v hostVersion) {
	name := v.name()
	tested := "Gatewarden is tested with Envoy " + envoyversion.Oldest.String() + " to " + envoyversion.Newest.String()
	switch {
	case !v.known:
		h.Warn("gatewarden: the host does not state its version: it has no property xds.node.user_agent_build_version. " + tested +
			"; if this is Envoy, let capability_restriction_config allow proxy_get_property, without which all clients are one")
	case v.version.Before(envoyversion.Oldest):
		h.Warn("gatewarden: this is Envoy " + name + ", and " + tested + `; update it, and see what it lacks with "gatewarden check --envoy ` + name + `"`)
	default:
		h.Info("gatewarden: started in Envoy " + name)
	}
}
