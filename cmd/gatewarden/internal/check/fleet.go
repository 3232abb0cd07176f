package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// fleet checks how an instance reaches the service that counts for all proxies.
func (c *checker) fleet(i *instances.Instance) {
	if i.Config == nil || i.Config.Fleet == nil {
		return
	}
	c.fleetSecret(i)
	if i.Kind == instances.Envoy {
		c.fleetCluster(i)
		c.fleetTimeout(i)
	}
}

func (c *checker) fleetSecret(i *instances.Instance) {
	const path = "fleet.secret"
	if !i.HasKey("fleet", "secret") {
		return
	}
	c.add(Finding{
		Rule: "fleet-secret", Severity: Warning, Where: i.Where, Path: path, Line: i.LineOf(path),
		Message: "is in the configuration",
		Why:     "Envoy's /config_dump shows it, and so does each copy of the file. With it, the clients behind the hashes at the rate limit service can be found.",
		Remedy:  `write "secret_env": "FLEET_SECRET", and give the VM this variable`,
	})
}

// fleetFails says what follows if no call reaches the service.
const fleetFails = "Each proxy counts alone, or refuses requests, as on_error says."

// fleetCluster looks for the cluster in Envoy's own configuration. A control plane may
// bring clusters that are not in it.
func (c *checker) fleetCluster(i *instances.Instance) {
	name := i.Config.Fleet.Cluster
	dynamic := len(c.file.Bootstraps) == 0
	for _, bootstrap := range c.file.Bootstraps {
		for _, cluster := range bootstrap.At("static_resources", "clusters").Items() {
			if cluster.At("name").Text() == name {
				c.fleetProtocol(i, cluster)
				return
			}
		}
		dynamic = dynamic || bootstrap.At("dynamic_resources", "cds_config").Exists()
	}
	if dynamic {
		return
	}
	const path = "fleet.cluster"
	c.add(Finding{
		Rule: "fleet-cluster", Severity: Error, Where: i.Where, Path: path, Line: i.LineOf(path),
		Message: fmt.Sprintf("is %q, and Envoy has no such cluster", name),
		Why:     "The filter cannot ask the rate limit service. " + fleetFails,
		Remedy:  "add the cluster to static_resources, or write the name of the one that is there",
	})
}

const protocolOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

func (c *checker) fleetProtocol(i *instances.Instance, cluster tree.Node) {
	if speaksHTTP2(cluster) {
		return
	}
	c.add(Finding{
		Rule: "fleet-http2", Severity: Error, Where: i.Where, Path: "clusters: typed_extension_protocol_options",
		Message: fmt.Sprintf("does not choose HTTP/2 for %q, the cluster of the fleet", i.Config.Fleet.Cluster),
		Why:     "The rate limit service speaks gRPC, which needs HTTP/2, so that every call fails. " + fleetFails,
		Remedy:  "write explicit_http_config: {http2_protocol_options: {}} in " + protocolOptions,
	}, cluster.At("typed_extension_protocol_options"), cluster)
}

// speaksHTTP2 tells whether Envoy always speaks HTTP/2, or what follows it, with a cluster.
// auto_config does so where TLS lets the two agree on it.
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/upstreams/http/v3/http_protocol_options.proto
func speaksHTTP2(cluster tree.Node) bool {
	_, options := instances.Message(cluster.At("typed_extension_protocol_options", protocolOptions))
	explicit := options.At("explicit_http_config")
	return explicit.At("http2_protocol_options").Exists() || explicit.At("http3_protocol_options").Exists() ||
		options.At("auto_config").Exists() && cluster.At("transport_socket").Exists() ||
		cluster.At("http2_protocol_options").Exists()
}

// fleetTimeout compares the wait of requests with what routes allow the service.
func (c *checker) fleetTimeout(i *instances.Instance) {
	f := i.Config.Fleet
	if !slices.ContainsFunc(f.Rules, func(r config.FleetRule) bool { return r.Mode != config.FleetAsync }) {
		return // nobody waits
	}
	wait := time.Duration(f.Timeout) * time.Millisecond
	for _, virtual := range i.Manager.At("route_config", "virtual_hosts").Items() {
		for _, route := range virtual.At("routes").Items() {
			node := route.At("route", "timeout")
			timeout, err := time.ParseDuration(node.Text())
			if err != nil || timeout <= 0 || timeout >= wait { // 0 is none
				continue
			}
			c.add(Finding{
				Rule: "fleet-timeout", Severity: Warning, Where: i.Where, Path: "http_connection_manager: route_config.virtual_hosts.routes.route.timeout",
				Message: fmt.Sprintf("is %v, and fleet.timeout is %v", timeout, wait),
				Why: "Requests of synchronous rules may wait longer for the rate limit service than they may take altogether: " +
					"the wait comes before the time of the route begins.",
				Remedy: "write a fleet.timeout that is a small part of the route's",
			}, node)
			return
		}
	}
}
