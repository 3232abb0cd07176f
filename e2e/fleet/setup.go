// Package fleet measures what a fleet of proxies does that counts together: how fast
// lockouts spread, what happens when the service fails, and what it all costs. Each is
// measured beside Envoy's own filter, ratelimit, with the same service.
//
//	setup.go        what the proxies are told
//	propagation.go  how long until all proxies know, and what gets through until then
//	faults.go       what happens when the service or its Redis fails
//	row.go          one of the faults, played
//	load.go         what a request takes longer
//	flood.go        how many calls an attack causes
//	write.go        the tables of docs/fleet.md
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Rules are the limits of all variants of a stand.
type Rules struct {
	// Failures lock a client out, until the Window ends that begins at its multiples.
	Failures int
	Window   time.Duration
	// Quota, if not 0, is how many requests a client may make in QuotaWindow.
	Quota       int
	QuotaWindow time.Duration
	// Replicas, if not 0, is the number of proxies that the fallback divides limits by.
	Replicas int
	// Refresh, if not 0, is how often the service is asked again.
	Refresh time.Duration
	// Timeout, if not 0, is how long a request waits for the service, in place of the
	// usual [Timeout].
	Timeout time.Duration
}

// Timeout is how long a request waits for the service.
const Timeout = 20 * time.Millisecond

// secret is what all proxies share.
const secret = "for-tests-alone-for-tests-alone!"

// Filter is a variant whose rules all have this mode and do this while the service does
// not answer. The variants of a stand count together, by the same names.
func (r Rules) Filter(name, mode, onError string) fleet.Variant {
	rules := []string{fmt.Sprintf(`{"rule": "lockouts", "mode": %q, "on_error": %q}`, mode, onError)}
	members := []string{fmt.Sprintf(`"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": %d, "window": %q}}]`,
		r.Failures, seconds(r.Window))}
	if r.Quota > 0 {
		rules = append(rules, fmt.Sprintf(`{"rule": "quotas", "mode": %q, "on_error": %q}`, mode, onError))
		members = append(members, fmt.Sprintf(`"quotas": [{"name": "in-%[2]s", "per": ["client"], "limit": %[1]d, "window": %[2]q}]`, r.Quota, seconds(r.QuotaWindow)))
	}
	object := fmt.Sprintf(`"cluster": "CLUSTER", "secret": %q, "timeout": %q, "rules": [%s]`, secret, fmt.Sprint(cmp.Or(r.Timeout, Timeout)), strings.Join(rules, ", "))
	if r.Replicas > 0 {
		object += fmt.Sprintf(`, "replicas": %d`, r.Replicas)
	}
	if r.Refresh > 0 {
		object += fmt.Sprintf(`, "refresh": %q`, seconds(r.Refresh))
	}
	return fleet.ByFilter(name, append(members, `"fleet": {`+object+`}`)...)
}

// units are the service's names of times.
var units = map[time.Duration]string{time.Second: "second", time.Minute: "minute", time.Hour: "hour", 24 * time.Hour: "day"}

// unit is the service's window for the failures.
func (r Rules) unit() time.Duration {
	unit, _ := config.FleetUnit(r.Window.Milliseconds())
	return time.Duration(unit) * time.Millisecond
}

// Options are those of a stand with these variants. Envoy's own filter has the same limit
// for failures, of which the one that is too many is the first above the limit, and none
// for requests.
func (r Rules) Options(variants ...fleet.Variant) fleet.Options {
	unit := units[r.unit()]
	return fleet.Options{Variants: variants, Limits: []fleet.Limit{
		{Rule: fleet.BaselineFailures, Requests: uint32(r.Failures - 1), Unit: unit},
		{Rule: fleet.BaselineRequests, Requests: config.NoLimit, Unit: unit},
	}}
}

// AwaitWindow waits until a window, which begins at its multiples, has so much left: what
// is counted in two of them is not counted together.
func AwaitWindow(ctx context.Context, window, left time.Duration) error {
	if until := time.Until(time.Now().Truncate(window).Add(window)); until <= left {
		return pause(ctx, until)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// quantile of some durations: 0.5 is the median. They are sorted.
func quantile(of []time.Duration, q float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[min(int(q*float64(len(of))), len(of)-1)]
}
