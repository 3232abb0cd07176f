package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// accessLog warns of access logs that write down the credentials of queries and of
// WebSocket protocols.
func (c *checker) accessLog(i *instances.Instance) {
	if i.Config == nil {
		return
	}
	for _, logger := range i.Manager.At("access_log").Items() {
		written := writes(logger, &i.Config.Credentials)
		if !written.Exists() {
			continue
		}
		c.add(Finding{
			Rule: "access-log-credential", Severity: Warning, Where: i.Where, Path: "http_connection_manager: access_log",
			Message: "may log credentials",
			Why:     "credentials.query and credentials.websocket_protocols name places that clients send secrets in, and whoever reads the log has them.",
			Remedy: "write %PATH(NQ)% for the path, without its query, and no Sec-WebSocket-Protocol; " +
				"if clients send no credentials there, empty the two lists",
		}, written, logger)
	}
}

// writes returns the part of a logger's configuration by which it writes down a
// credential, or nothing.
func writes(logger tree.Node, c *config.Credentials) tree.Node {
	settings := logger.At("typed_config")
	if len(c.Query) > 0 && hasDefaultFormat(instances.TypeOf(logger), settings) {
		return settings
	}
	return findText(settings, 0, func(text string) bool { return printsCredential(text, c) })
}

// hasDefaultFormat tells whether a logger writes Envoy's default text, which has the query.
func hasDefaultFormat(kind string, settings tree.Node) bool {
	if !strings.HasSuffix(kind, ".FileAccessLog") && !strings.HasSuffix(kind, ".StdoutAccessLog") && !strings.HasSuffix(kind, ".StderrAccessLog") {
		return false
	}
	for _, field := range []string{"log_format", "format", "json_format", "typed_json_format"} {
		if settings.At(field).Exists() {
			return false
		}
	}
	return true
}

// findText returns the first text below a node that is wanted.
func findText(n tree.Node, depth int, wanted func(text string) bool) (found tree.Node) {
	const deepest = 20
	switch {
	case depth > deepest:
	case n.IsObject():
		for _, m := range n.Members() {
			if found = findText(m.Value, depth+1, wanted); found.Exists() {
				return found
			}
		}
	case n.IsList():
		for _, item := range n.Items() {
			if found = findText(item, depth+1, wanted); found.Exists() {
				return found
			}
		}
	case wanted(n.Text()):
		return n
	}
	return found
}

// operator is one of Envoy's command operators.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#command-operators
var operator = regexp.MustCompile(`%([A-Z_]+)(?:\(([^)]*)\))?(?::\d+)?%`)

// printsCredential tells whether an access log's format has an operator that prints the
// query or the protocols of a WebSocket.
func printsCredential(format string, c *config.Credentials) bool {
	for _, found := range operator.FindAllStringSubmatch(format, -1) {
		name, argument := found[1], strings.ToUpper(found[2])
		switch name {
		case "REQ", "REQUEST_HEADER":
			headers := strings.Split(argument, "?")
			if len(c.Query) > 0 && (slices.Contains(headers, ":PATH") || slices.Contains(headers, "X-ENVOY-ORIGINAL-PATH")) ||
				len(c.WebSocketProtocols) > 0 && slices.Contains(headers, "SEC-WEBSOCKET-PROTOCOL") {
				return true
			}
		case "PATH":
			if first, _, _ := strings.Cut(argument, ":"); len(c.Query) > 0 && first != "NQ" {
				return true
			}
		case "QUERY_PARAMS":
			return len(c.Query) > 0
		case "QUERY_PARAM":
			if slices.ContainsFunc(c.Query, func(name string) bool { return strings.EqualFold(name, argument) }) {
				return true
			}
		}
	}
	return false
}
