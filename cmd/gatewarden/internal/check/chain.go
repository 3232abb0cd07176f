package check

import (
	"fmt"
	"regexp"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/instances"
	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/tree"
	"github.com/gatewarden/gatewarden/config"
)

// order checks what stands before and behind an instance.
func (c *checker) order(i *instances.Instance) {
	if i.Kind == instances.Istio {
		c.phase(i)
		return
	}
	for place, filter := range i.Filters {
		if filter.At("disabled").True() {
			continue
		}
		name := instances.TypeOf(filter)
		if name == "envoy.extensions.filters.http.router.v3.Router" && place < i.Place {
			c.behindRouter(i, filter)
		}
		if place < i.Place && refuses(name, filter) && locksOut(i) && !c.guardedBefore(i, place) {
			c.behindAuthentication(i, filter)
		}
	}
	c.claims(i)
	c.countedTwice(i)
}

func (c *checker) behindRouter(i *instances.Instance, router tree.Node) {
	c.add(Finding{
		Rule: "router-first", Severity: Error, Where: i.Where, Path: "http_filters",
		Message: fmt.Sprintf("has the router %q before the filter", router.At("name").Text()),
		Why:     "The router ends the chain: Envoy refuses it, and no request would reach the filter.",
		Remedy:  "put the router last",
	}, i.Plugin)
}

// refusing are the filters that answer 401 themselves.
var refusing = map[string]bool{
	"envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication": true,
	"envoy.extensions.filters.http.ext_authz.v3.ExtAuthz":          true,
	"envoy.extensions.filters.http.basic_auth.v3.BasicAuth":        true,
	"envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth":     true,
}

// refuses tells whether a filter may answer for the service that a credential is
// wrong.
func refuses(name string, filter tree.Node) bool {
	if !refusing[name] {
		return false
	}
	// Where all rules of jwt_authn let everybody pass, it only verifies.
	rules := filter.At("typed_config", "rules").Items()
	for _, rule := range rules {
		if rule.At("requires").Exists() && !allowsFailed(rule.At("requires"), 0) {
			return true
		}
	}
	return len(rules) == 0
}

func allowsFailed(requirement tree.Node, depth int) bool {
	if requirement.At("allow_missing_or_failed").Exists() {
		return true
	}
	for _, alternative := range requirement.At("requires_any", "requirements").Items() {
		if depth < 10 && allowsFailed(alternative, depth+1) {
			return true
		}
	}
	return false
}

// guardedBefore tells whether another instance with lockouts stands before a place of
// the same chain.
func (c *checker) guardedBefore(i *instances.Instance, place int) bool {
	for _, other := range c.file.Instances {
		if other.Manager.Same(i.Manager) && other.Place < place && locksOut(other) {
			return true
		}
	}
	return false
}

func (c *checker) behindAuthentication(i *instances.Instance, filter tree.Node) {
	c.add(Finding{
		Rule: "behind-authentication", Severity: Warning, Where: i.Where, Path: "http_filters",
		Message: fmt.Sprintf("has %q before the filter", filter.At("name").Text()),
		Why:     "Requests that the other filter refuses never reach this one, so their guesses are not counted.",
		Remedy:  "put the filter first; where it needs to know the identity, add a second instance behind, with its lockouts off",
	}, i.Plugin)
}

// phase is Istio's word for the order.
func (c *checker) phase(i *instances.Instance) {
	phase := i.Resource.At("spec", "phase")
	if phase.Text() == "AUTHN" || !locksOut(i) {
		return
	}
	c.add(Finding{
		Rule: "behind-authentication", Severity: Warning, Where: i.Where, Path: "spec.phase",
		Message: "puts the filter behind Istio's authentication",
		Why:     "Requests that a RequestAuthentication refuses never reach the filter, so their guesses are not counted.",
		Remedy:  "write phase: AUTHN; for quotas by identity, add a second resource behind, with its lockouts off",
	}, phase, i.Plugin)
}

var extensionName = regexp.MustCompile(`^envoy\.extensions\.filters\.http\.(\w+)\.v\d\.`)

// claims: metadata that a filter behind writes is not there yet.
func (c *checker) claims(i *instances.Instance) {
	if i.Config == nil {
		return
	}
	for n, identity := range i.Config.Identity {
		if identity.Kind != config.IdentityMetadata {
			continue
		}
		for place, filter := range i.Filters {
			parts := extensionName.FindStringSubmatch(instances.TypeOf(filter))
			if parts == nil || "envoy.filters.http."+parts[1] != identity.Filter {
				continue
			}
			if place > i.Place {
				c.claimsLater(i, n, filter)
			}
			break
		}
	}
}

func (c *checker) claimsLater(i *instances.Instance, n int, filter tree.Node) {
	path := fmt.Sprintf("identity[%d]", n)
	c.add(Finding{
		Rule: "identity-later", Severity: Warning, Where: i.Where, Path: path, Line: i.LineOf(path),
		Message: fmt.Sprintf("reads what %q verifies, which stands behind the filter", filter.At("name").Text()),
		Why:     "No caller is verified here: quotas by identity count by address, and require refuses everybody.",
		Remedy:  "move what needs the identity to a second instance of the filter behind it, with its lockouts off",
	})
}

// countedTwice: two instances see the same response.
func (c *checker) countedTwice(i *instances.Instance) {
	if i.Config == nil || !i.Manager.Exists() {
		return
	}
	counts := guard(i.Config).CountsFailures
	for _, other := range c.file.Instances {
		if other.Config == nil || !other.Manager.Same(i.Manager) || other.Place >= i.Place || vmIDOf(other) != vmIDOf(i) {
			continue
		}
		for n, s := range i.Config.Surfaces {
			if !counts(n) || !hasCounting(other.Config, s.Name) {
				continue
			}
			path := fmt.Sprintf("surfaces[%d].lockout", n)
			c.add(Finding{
				Rule: "counted-twice", Severity: Warning, Where: i.Where, Path: path, Line: i.LineOf(path),
				Message: fmt.Sprintf("counts for the surface %q, as %s does before it", s.Name, other.Where),
				Why:     "Both see each response and have one table, so that a client is locked out after half as many failures.",
				Remedy:  `write "lockout": {"mode": "off"} here`,
			})
		}
	}
}

func hasCounting(c *config.Config, name string) bool {
	for n, s := range c.Surfaces {
		if s.Name == name && guard(c).CountsFailures(n) {
			return true
		}
	}
	return false
}
