package simulate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/config"
)

// Trial is a limit with the values to be tried.
type Trial struct {
	rule, limit string
	values      []string
}

// ParseTrial reads "rest.failures=5,10,20".
func ParseTrial(text string) (Trial, error) {
	name, values, found := strings.Cut(text, "=")
	rule, limit, dotted := strings.Cut(name, ".")
	if !found || !dotted || rule == "" || limit == "" || values == "" {
		return Trial{}, fmt.Errorf("--try %q cannot be read; write for example rest.failures=5,10,20", text)
	}
	return Trial{rule, limit, strings.Split(values, ",")}, nil
}

// Grid returns a variant for every combination of the trials' values.
func Grid(base Variant, trials []Trial) ([]Variant, error) {
	grid := []Variant{base}
	for _, t := range trials {
		var next []Variant
		for _, v := range grid {
			for _, value := range t.values {
				tried, err := t.apply(v.Config, value)
				if err != nil {
					return nil, err
				}
				name := t.rule + "." + t.limit + "=" + value
				if v.Name != "" {
					name = v.Name + " " + name
				}
				next = append(next, Variant{Name: name, Config: tried})
			}
		}
		if grid = next; len(grid) > MaxVariants {
			return nil, fmt.Errorf("--try makes more than %d variants; try fewer values at once", MaxVariants)
		}
	}
	return grid, nil
}

// apply returns a copy of a configuration with another limit.
func (t Trial) apply(c *config.Config, value string) (*config.Config, error) {
	out := *c
	out.Surfaces = append([]config.Surface(nil), c.Surfaces...)
	out.Quotas = append([]config.Quota(nil), c.Quotas...)
	var names []string
	for i := range out.Surfaces {
		if s := &out.Surfaces[i]; s.Name == t.rule {
			return &out, t.set(map[string]any{
				"failures": &s.Lockout.Failures, "window": &s.Lockout.Window,
				"duration": &s.Lockout.Duration, "pending": &s.Lockout.Pending, "repeats": &s.Lockout.CountOnce,
			}, value)
		}
		names = append(names, out.Surfaces[i].Name)
	}
	for i := range out.Quotas {
		if q := &out.Quotas[i]; q.Name == t.rule {
			switch {
			case t.limit == "window":
				q.Calendar = config.NoCalendar
			case t.limit == "limit" && len(q.Tiers) > 0:
				return nil, fmt.Errorf("--try %s.limit: the quota has limits by tier, so this would change only the default one; compare files with several --config", t.rule)
			}
			return &out, t.set(map[string]any{"limit": &q.Limit, "window": &q.Window}, value)
		}
		names = append(names, out.Quotas[i].Name)
	}
	return nil, fmt.Errorf("--try %s: no surface and no quota has that name; there are %s", t.rule, strings.Join(names, ", "))
}

// set reads a value into one of the limits that a rule has.
func (t Trial) set(limits map[string]any, value string) error {
	switch into := limits[t.limit].(type) {
	case *uint32:
		const most = 1_000_000
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n > most {
			return fmt.Errorf("--try %s.%s=%s is no number from 0 to %d", t.rule, t.limit, value, most)
		}
		*into = uint32(n)
		return nil
	case *int64:
		d, err := time.ParseDuration(value)
		if err != nil || d < time.Second || d > 30*24*time.Hour {
			return fmt.Errorf("--try %s.%s=%s is no length of time from 1s to 720h; write for example 5m", t.rule, t.limit, value)
		}
		*into = d.Milliseconds()
		return nil
	case *bool:
		if value != "count" && value != "once" {
			return fmt.Errorf("--try %s.%s=%s is neither count nor once", t.rule, t.limit, value)
		}
		*into = value == "once"
		return nil
	}
	return fmt.Errorf("--try %s.%s: only failures, window, duration, pending and repeats of a surface can be tried, and limit and window of a quota", t.rule, t.limit)
}
