package fleet

import (
	"fmt"
	"strings"

	"github.com/gatewarden/gatewarden/config"
)

// units are the service's names of times in milliseconds.
var units = map[int64]string{1000: "second", 60_000: "minute", 3_600_000: "hour", 86_400_000: "day"}

// DomainName is the domain of all variants.
const DomainName = "gatewarden"

// Domain is the domain file for variants, which must agree, with further limits for what
// is no variant of the filter.
func Domain(variants []Variant, more ...config.FleetLimit) (string, error) {
	limits := more
	seen := map[string]bool{}
	for _, v := range variants {
		c, err := config.Parse([]byte(v.Config), nil)
		if err != nil {
			return "", fmt.Errorf("variant %s: %w", v.Name, err)
		}
		for _, l := range c.FleetLimits() {
			if !seen[l.Rule] {
				seen[l.Rule] = true
				limits = append(limits, l)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "domain: %s\ndescriptors:\n", DomainName)
	for _, l := range limits {
		fmt.Fprintf(&b, "  - key: rule\n    value: %s\n    descriptors:\n      - key: key\n        rate_limit: {unit: %s, requests_per_unit: %d}\n",
			l.Rule, units[l.Unit], l.Limit)
	}
	return b.String(), nil
}
