package check

import (
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// manager checks the HTTP connection manager around an instance.
func (c *checker) manager(i *instances.Instance) {
	if i.Resource.Exists() && !i.Listener.Exists() {
		return // a patch: what is missing here is written elsewhere
	}
	c.clientAddress(i)
	c.forwardedBy(i)
	c.paths(i)
	c.underscores(i)
	c.accessLog(i)
	c.hosts(i)
}

func (c *checker) clientAddress(i *instances.Instance) {
	m := i.Manager
	if m.At("use_remote_address").True() || len(m.At("original_ip_detection_extensions").Items()) > 0 {
		return
	}
	c.add(Finding{
		Rule: "client-address", Severity: Error, Where: i.Where, Path: "http_connection_manager: use_remote_address",
		Message: "is not true",
		Why:     "Clients then set their own address in X-Forwarded-For: each guess comes from a new client, and anybody can have others locked out.",
		Remedy: "write use_remote_address: true, and xff_num_trusted_hops with the number of proxies in front that append to the header; " +
			"an Envoy that only such proxies can reach may have original_ip_detection_extensions with their networks instead",
	}, nodesOf(i, "use_remote_address")...)
}

// forwardedBy: the walk through X-Forwarded-For begins with the peer, which Envoy
// appends.
func (c *checker) forwardedBy(i *instances.Instance) {
	node := i.Manager.At("skip_xff_append")
	if !node.True() || i.Config == nil || i.Config.Client.Source != config.SourceXFF {
		return
	}
	c.add(Finding{
		Rule: "client-address", Severity: Error, Where: i.Where, Path: "http_connection_manager: skip_xff_append",
		Message: `is true, and client.source is "xff"`,
		Why:     "Envoy does not add the peer to X-Forwarded-For, so a client that reaches it directly controls the whole header.",
		Remedy:  `remove skip_xff_append, or use the client.source "envoy" with xff_num_trusted_hops`,
	}, node)
}

// paths: one spelling per path before any filter looks at it.
func (c *checker) paths(i *instances.Instance) {
	const why = "The filter guards every spelling of a path, but routes and other filters see the one that the client chose, and may decide otherwise than the service."
	for _, field := range []string{"normalize_path", "merge_slashes"} {
		if !i.Manager.At(field).True() {
			c.add(Finding{
				Rule: "path-normalisation", Severity: Warning, Where: i.Where, Path: "http_connection_manager: " + field,
				Message: "is not true", Why: why, Remedy: "write " + field + ": true",
			}, nodesOf(i, field)...)
		}
	}
	const field = "path_with_escaped_slashes_action"
	switch i.Manager.At(field).Text() {
	case "", "IMPLEMENTATION_SPECIFIC_DEFAULT", "0":
		c.add(Finding{
			Rule: "path-normalisation", Severity: Warning, Where: i.Where, Path: "http_connection_manager: " + field,
			Message: "is not chosen", Why: "%2F and %5C are a slash to some services and text to others. " + why,
			Remedy: "write " + field + ": REJECT_REQUEST, or KEEP_UNCHANGED for a service that needs them in its paths",
		}, nodesOf(i, field)...)
	}
}

func (c *checker) underscores(i *instances.Instance) {
	const field = "headers_with_underscores_action"
	options := i.Manager.At("common_http_protocol_options")
	switch options.At(field).Text() {
	case "REJECT_REQUEST", "DROP_HEADER", "1", "2":
		return
	}
	c.add(Finding{
		Rule: "header-underscores", Severity: Warning, Where: i.Where,
		Path:    "http_connection_manager: common_http_protocol_options." + field,
		Message: "lets headers with underscores pass",
		Why:     "Many services read X_Api_Key as X-Api-Key: the filter does not see a credential under such a name.",
		Remedy:  "write " + field + ": REJECT_REQUEST",
	}, []tree.Node{options.At(field), options, i.Manager}...)
}
