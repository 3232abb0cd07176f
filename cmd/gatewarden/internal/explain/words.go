package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/config"
)

// span writes milliseconds as the configuration does.
func span(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	var b strings.Builder
	for _, unit := range []struct {
		is   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := d / unit.is; n > 0 {
			fmt.Fprint(&b, int64(n), unit.name)
			d -= n * unit.is
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// some writes a number of things.
func some(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}

// place names a place in the configuration, or a default's.
func (w *written) place(format string, args ...any) string {
	place := fmt.Sprintf(format, args...)
	key := place
	if i := strings.IndexAny(place, ".["); i >= 0 {
		key = place[:i]
	}
	if _, own := w.keys[key]; !own {
		return place + " (default)"
	}
	return place
}

var kinds = map[config.Kind]string{
	config.KindAPI: "api", config.KindMCP: "mcp", config.KindOAuthToken: "oauth-token", config.KindOAuthConsent: "oauth-consent", config.KindLogin: "login",
}

// sentence joins what is not empty.
func sentence(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "; ")
}
