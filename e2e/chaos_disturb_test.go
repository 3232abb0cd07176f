package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/client"
)

// updates gives Envoy its listener anew, with another configuration of the
// filter, while requests are in flight. The old listener drains.
func (r *riot) updates(ctx context.Context) {
	for n := 1; pause(ctx, 1500*time.Millisecond); n++ {
		r.bootstrap.SetPluginConfig(chaosConfiguration(n))
		r.bootstrap.HCM["server_name"] = []string{"envoy", "envoy-again"}[n%2]
		switch err := r.envoy.Push(ctx, r.bootstrap); {
		case err == nil:
			r.saw("update")
		case ctx.Err() == nil:
			r.wrong("an update was not taken: %v", err)
		}
	}
}

// traps lets a VM trap now and then and returns how often it asked for it. While
// the VM is dead, what is sent to it traps nothing.
func (r *riot) traps(t *testing.T, ctx context.Context) (asked int) {
	c := r.newCaller(t, client.HTTP1)
	trap := []string{"X-Gatewarden-Trap", "1"}
	for pause(ctx, 1100*time.Millisecond) {
		c.http.CloseIdleConnections()
		asked++
		answer, err := c.try("GET", "/api/v1/items", "", valid, trap)
		switch {
		case err != nil: // the listener was on its way out
		case answer.status == 503:
			r.saw("trap")
		default:
			r.wrong("a trap that was asked for is answered %d", answer.status)
		}
	}
	return asked
}

// pause waits, and tells whether the run goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
