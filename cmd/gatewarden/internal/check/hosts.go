package check

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// hosts compares the hosts that entries list with Envoy's virtual hosts in the same file.
func (c *checker) hosts(i *instances.Instance) {
	if i.Config == nil {
		return
	}
	guarded, known := hostsOf(i.Config)
	if len(guarded.Hosts) == 0 {
		return
	}
	virtual := i.Manager.At("route_config", "virtual_hosts").Items()
	services := map[string]string{} // clusters, each with a domain that is guarded
	for _, v := range virtual {
		for _, domain := range v.At("domains").Items() {
			if guarded.NamesHost(hostOfDomain(domain)) {
				for _, cluster := range clustersOf(v) {
					services[cluster] = domain.Text()
				}
			}
		}
	}
	otherwise := false
	for _, v := range virtual {
		for _, domain := range v.At("domains").Items() {
			if !known.NamesHost(hostOfDomain(domain)) {
				c.unnamedHost(i, v, domain, services)
				otherwise = otherwise || strings.Contains(domain.Text(), "*") && len(clustersOf(v)) > 0
			}
		}
	}
	if otherwise {
		c.hostSpelling(i)
	}
}

// hostsOf returns the hosts that entries of surfaces list, and these with those that are
// exempt as a whole.
func hostsOf(c *config.Config) (guarded, known config.Match) {
	for _, s := range c.Surfaces {
		for _, m := range s.Match {
			guarded.Hosts = append(guarded.Hosts, m.Hosts...)
		}
	}
	known.Hosts = append(known.Hosts, guarded.Hosts...)
	for _, m := range c.Exempt {
		if m.Path == "/" && m.Prefix && len(m.Methods) == 0 {
			known.Hosts = append(known.Hosts, m.Hosts...)
		}
	}
	return guarded, known
}

// hostOfDomain is a domain of a virtual host in the normal form of a host; a wildcard
// stays in it.
func hostOfDomain(domain tree.Node) string {
	host, _, _ := strings.Cut(strings.ToLower(domain.Text()), ":")
	return strings.TrimSuffix(host, ".")
}

// clustersOf are those that the routes of a virtual host lead to.
func clustersOf(virtual tree.Node) (clusters []string) {
	add := func(name tree.Node) {
		if name.Text() != "" {
			clusters = append(clusters, name.Text())
		}
	}
	for _, route := range virtual.At("routes").Items() {
		add(route.At("route", "cluster"))
		for _, weighted := range route.At("route", "weighted_clusters", "clusters").Items() {
			add(weighted.At("name"))
		}
	}
	return clusters
}

// unnamedHost: a service that is guarded at some hosts can be reached at another.
func (c *checker) unnamedHost(i *instances.Instance, virtual, domain tree.Node, services map[string]string) {
	for _, cluster := range clustersOf(virtual) {
		guarded, found := services[cluster]
		if !found {
			continue
		}
		remedy := "list the host in the entries of the surface, too, or send it to no cluster"
		if strings.Contains(domain.Text(), "*") {
			remedy = "send such hosts to no cluster, or to another; or list them in the entries of the surface, or leave its hosts out"
		}
		c.add(Finding{
			Rule: "host-unnamed", Severity: Warning, Where: i.Where, Path: "http_connection_manager: route_config.virtual_hosts.domains",
			Message: fmt.Sprintf("%q leads to the cluster %q, as %q does, and no entry of the configuration lists it", domain.Text(), cluster, guarded),
			Why:     "Requests with this host belong to entries without hosts or to no surface, so a client that sends it bypasses the surface that guards the service.",
			Remedy:  remedy,
		}, domain, virtual)
		return
	}
}

// hostSpelling: one spelling per host before Envoy chooses a virtual host.
func (c *checker) hostSpelling(i *instances.Instance) {
	const why = "The filter reads a host without its port and trailing dot, but Envoy compares them: such a host goes to the virtual host of another service, and counts on the surface of the one that it names."
	warn := func(field, remedy string, nodes ...tree.Node) {
		c.add(Finding{
			Rule: "host-normalisation", Severity: Warning, Where: i.Where, Path: "http_connection_manager: " + field,
			Message: "is not true", Why: why, Remedy: remedy,
		}, nodes...)
	}
	if field := "strip_trailing_host_dot"; !i.Manager.At(field).True() {
		warn(field, "write "+field+": true", nodesOf(i, field)...)
	}
	routes := i.Manager.At("route_config")
	if field := "ignore_port_in_host_matching"; !routes.At(field).True() && !i.Manager.At("strip_any_host_port").True() {
		warn("route_config."+field, "write "+field+": true, or strip_any_host_port: true in the connection manager", routes.At(field), routes)
	}
}
