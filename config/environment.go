package config

import (
	"strconv"
	"strings"
)

const ratePrefix = "RATE_LIMIT_"

// override replaces values of the configuration by those of the environment. It
// ignores variables of other programs.
func (d *draft) override(env []string, out *violations) {
	for _, entry := range env {
		name, text, found := strings.Cut(entry, "=")
		if !found {
			continue
		}
		v := variable{name, text, out}
		if name == "TRUST_FORWARDED_FOR" {
			v.trustForwardedFor(&d.Client)
		} else if rest, ok := strings.CutPrefix(name, ratePrefix); ok {
			d.overrideLockout(v, rest)
		}
	}
}

// lookUp returns the value of a variable, or "" if it is not set.
func lookUp(env []string, name string) string {
	for _, entry := range env {
		if n, text, found := strings.Cut(entry, "="); found && n == name {
			return text
		}
	}
	return ""
}

// variable is an environment variable, and the place for its violations.
type variable struct {
	name, text string
	out        *violations
}

func (v variable) bad(message string, args ...string) {
	v.out.add(at("environment "+clip(v.name)), message, args...)
}

func (v variable) integer(low, high int64) (int64, bool) {
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil || n < low || n > high {
		v.bad("%q is not a whole number from %s to %s; write one, or remove the variable", v.text, strconv.FormatInt(low, 10), strconv.FormatInt(high, 10))
		return 0, false
	}
	return n, true
}

// environmentName returns a surface's name as it stands in the names of variables.
func environmentName(surface string) string {
	return strings.ReplaceAll(strings.ToUpper(surface), "-", "_")
}

func (d *draft) surfaceInEnvironment(name string) *Surface {
	for i := range d.Surfaces {
		if s := &d.Surfaces[i]; s.Name != "" && environmentName(s.Name) == name {
			return s
		}
	}
	return nil
}

// unknownSurface reports that the variable names no surface, unless the name of
// one of them could not be read.
func (d *draft) unknownSurface(v variable) {
	names, known := d.surfaceNames()
	switch {
	case !known:
		return
	case len(names) == 0:
		v.bad("names no surface, and there are none; remove it")
		return
	}
	for i := range names {
		names[i] = environmentName(names[i])
	}
	v.bad("names no surface; the surfaces are %s", listed(names, "and"))
}
