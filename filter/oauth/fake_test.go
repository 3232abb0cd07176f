package oauth

import (
	"testing"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/filter/request"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/table"
)

// newRoom makes a room in a proxy of its own.
func newRoom(t testing.TB, c *config.Config) *Room {
	t.Helper()
	r, _ := newRoomIn(fakehost.New(), c)
	return r
}

func newRoomIn(host *fakehost.Host, c *config.Config) (*Room, *report.Metrics) {
	m := report.NewMetrics(host)
	c.Log.PerSecond = 1000
	log := report.NewLog(&c.Log, host, table.New(host, fakehost.Seed, 1024), m)
	return New(c, host, log, m), m
}

// serve returns the reply to a request that waits for nobody.
func serve(r *Room, t *request.Target) *proxy.Reply {
	if d := r.Find(t); d != nil {
		return d.Reply(t.Method)
	}
	return nil
}
