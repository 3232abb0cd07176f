package mcpclients

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/program"
)

// others are servers on the SDKs in other languages. TestPageIsCurrent has the one in Go.
var others = []program.Command{
	{Name: "python", Args: []string{installed + "/python/bin/python", "-B", "e2e/mcpclients/python/server.py"}},
	{Name: "typescript", Args: []string{"node", installed + "/node/server.js"}},
}

// speaks is the last version of the protocol that the server in a language speaks.
var speaks = map[string]string{"python": stateless2026, "typescript": "2025-11-25"}

// addOthers adds a listener for each of them, with the rules of the format auto.
func addOthers(b *envoy.Bootstrap) (stop func(), err error) {
	for name, p := range tests.Programs {
		err = errors.Join(err, addListener(b, name, p.Address, format("auto").configuration(), nil))
	}
	return nil, err
}

// TestServersInOtherLanguages: each client sees what it may use of each server, may call it,
// and is refused the rest.
func TestServersInOtherLanguages(t *testing.T) {
	t.Parallel()
	showOnFailure(t)
	for _, s := range sdks(t) {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			var jobs []job
			for name := range tests.Programs {
				for _, era := range []string{"2025-11-25", min(s.last, speaks[name])} {
					jobs = append(jobs, job{
						Endpoint: "http://" + address(t, name) + "/" + era + "/mcp", Era: era, Tool: "tiered", Seconds: seconds,
						Headers: map[string]string{"x-user": s.String(), "x-scopes": "generate"},
					})
				}
			}
			require.Len(t, jobs, 2*len(others))
			for i, a := range s.play(t, jobs) {
				assert.ElementsMatch(t, []string{"read", "scoped", "spend"}, a.Tools, "%+v: %+v", jobs[i], a)
				assert.Contains(t, a.Text, "This needs the tier pro or a higher one.", "%+v", jobs[i])
				assert.True(t, a.GoesOn, "%+v: %+v", jobs[i], a)
			}
		})
	}
}
