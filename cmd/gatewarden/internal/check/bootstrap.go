package check

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
)

// bootstrap checks Envoy's own settings, once for each Envoy.
func (c *checker) bootstrap(b tree.Node) {
	c.envoyAdmin(b)
	c.statsTags(b)
}

func (c *checker) envoyAdmin(b tree.Node) {
	address := b.At("admin", "address")
	if !address.Exists() || IsLocal(address) {
		return
	}
	c.add(Finding{
		Rule: "envoy-admin", Severity: Warning, Where: "Envoy", Path: "admin.address",
		Message: "is not a loopback address",
		Why:     "Whoever reaches Envoy's admin endpoint reads everything and can stop Envoy.",
		Remedy:  "write address: 127.0.0.1, or a pipe",
	}, address)
}

// IsLocal tells whether only this machine reaches an address.
func IsLocal(address tree.Node) bool {
	if address.At("pipe").Exists() || address.At("envoy_internal_address").Exists() {
		return true
	}
	ip, err := netip.ParseAddr(address.At("socket_address", "address").Text())
	return err == nil && ip.Unmap().IsLoopback()
}

// samples are a metric for each label, as Envoy names it before the tags are cut
// out.
var samples = []struct{ label, value, metric string }{
	{"surface", "rest", "wasmcustom.gatewarden_requests_total.surface.rest.outcome.passed"},
	{"outcome", "passed", "wasmcustom.gatewarden_requests_total.surface.rest.outcome.passed"},
	{"reason", "locked_out", "wasmcustom.gatewarden_rate_limited_requests_total.surface.rest.reason.locked_out"},
	{"rule", "plan", "wasmcustom.gatewarden_quota_requests_total.rule.plan.outcome.admitted"},
	{"operation", "unlock", "wasmcustom.gatewarden_operations_total.operation.unlock"},
	{"kind", "report", "wasmcustom.gatewarden_fleet_calls_total.kind.report.outcome.answered"},
	{"decision", "local", "wasmcustom.gatewarden_fleet_fallbacks_total.decision.local"},
}

// statsTags: a bootstrap that has tags of its own should have ours.
func (c *checker) statsTags(b tree.Node) {
	tags := b.At("stats_config", "stats_tags")
	if !tags.Exists() {
		return
	}
	var missing []string
	for _, s := range samples {
		if c.hasLabel(s.label) && !extracts(tags, s.label, s.value, s.metric) {
			missing = append(missing, s.label)
		}
	}
	if len(missing) == 0 {
		return
	}
	c.add(Finding{
		Rule: "stats-tags", Severity: Warning, Where: "Envoy", Path: "stats_config.stats_tags",
		Message: "makes no label of: " + strings.Join(missing, ", "),
		Why:     "These stay in the metrics' names, where dashboards and alerts do not find them.",
		Remedy:  "add the stats_tags of Gatewarden's envoy.yaml",
	}, tags)
}

// hasLabel tells whether the instances have metrics with a label.
func (c *checker) hasLabel(label string) bool {
	for _, i := range c.file.Instances {
		switch {
		case i.HasKey("admin") != (label == "operation"):
		case label == "rule" && !i.HasKey("quotas") && !i.HasKey("concurrency"):
		case (label == "kind" || label == "decision") && !i.HasKey("fleet"):
		default:
			return true
		}
	}
	return false
}

// extracts tells whether a tag cuts the value out of a metric's name.
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/metrics/v3/stats.proto#config-metrics-v3-tagspecifier
func extracts(tags tree.Node, label, value, metric string) bool {
	for _, tag := range tags.Items() {
		pattern, err := regexp.Compile(tag.At("regex").Text())
		if tag.At("tag_name").Text() != label || err != nil {
			continue
		}
		if groups := pattern.FindStringSubmatch(metric); len(groups) > 1 && groups[len(groups)-1] == value {
			return true
		}
	}
	return false
}
