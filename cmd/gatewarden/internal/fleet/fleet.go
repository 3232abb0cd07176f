// Package fleet writes the file in which a rate limit service has the limits of a fleet.
// The format is that of envoyproxy/ratelimit:
// https://github.com/envoyproxy/ratelimit#configuration
package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"github.com/gatewarden/gatewarden/config"
)

// Domain is what the file has: the service refuses a second file with the same name.
type Domain struct {
	Name   string
	Limits []config.FleetLimit
}

// ErrNone says that no configuration has a fleet.
var ErrNone = errors.New(`has no instance with a fleet: add "fleet" to the configuration`)

// New joins the limits of instances that ask the same service, such as one with lockouts
// and one with quotas.
func New(instances []*config.Config) (Domain, error) {
	var d Domain
	limits := map[string]config.FleetLimit{}
	for _, c := range instances {
		if c.Fleet == nil {
			continue
		}
		if d.Name != "" && d.Name != c.Fleet.Domain {
			return Domain{}, fmt.Errorf("has the domains %s and %s, which are a file each: say with --instance for which of its instances", d.Name, c.Fleet.Domain)
		}
		d.Name = c.Fleet.Domain
		for _, limit := range c.FleetLimits() {
			switch other, known := limits[limit.Rule]; {
			case known && other != limit:
				return Domain{}, fmt.Errorf("has two limits for %s in the domain %s: give the instances the same limit, or a fleet.domain each", limit.Rule, d.Name)
			case !known:
				limits[limit.Rule] = limit
				d.Limits = append(d.Limits, limit)
			}
		}
	}
	if d.Name == "" {
		return Domain{}, ErrNone
	}
	return d, nil
}

// units are the service's names of times in milliseconds.
var units = map[int64]string{1000: "second", 60_000: "minute", 3_600_000: "hour", 86_400_000: "day"}

// Write writes the file. source names the configuration that it is made from.
func (d Domain) Write(out io.Writer, source string) error {
	name, err := yaml.Marshal(d.Name) // a domain may be called 1 or true
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# The limits of Gatewarden in the rate limit service, for all proxies together.
# Written by "gatewarden fleet" from %s: change them there, and write this file again.
# Failures have one less than configured: the one that locks a client out is the first above the limit.
domain: %sdescriptors:
`, source, name)
	for _, limit := range d.Limits {
		fmt.Fprintf(&b, "  - key: rule\n    value: %s\n    descriptors:\n      - key: key\n        rate_limit: {unit: %s, requests_per_unit: %d}\n",
			limit.Rule, units[limit.Unit], limit.Limit)
	}
	_, err = out.Write(b.Bytes())
	return err
}
