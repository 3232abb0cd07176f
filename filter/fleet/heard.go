package fleet

import (
	"github.com/gatewarden/gatewarden/filter/report"
	"github.com/gatewarden/gatewarden/register"
)

// measure notes how long a call took.
func (r *Room) measure(c *call, now int64) {
	r.ports.Record(r.duration, uint64(max(now-c.sent.now, 0)))
}

// heard notes that the service has answered.
func (r *Room) heard(kind callKind, now int64) {
	wasOpen := r.breakers[kind].IsOpen()
	if r.breakers[kind].Succeeded(); !wasOpen {
		return
	}
	r.publish(now)
	if r.log.Allows(report.Signal, now) {
		r.log.Write(report.NewLine("fleet heard again").Field("cluster", r.config.Cluster).Field("calls", callKindNames[kind]).
			Number("pending", int64(r.outbox.reports)))
	}
}

// unheard notes that the service has not answered, which counts for so many failures.
func (r *Room) unheard(kind callKind, weight int, status uint32, now int64) {
	b := &r.breakers[kind]
	wasOpen := b.IsOpen()
	b.Failed(weight, now, longestDelay, r.chance(now))
	if wasOpen || !b.IsOpen() {
		return
	}
	r.publish(now)
	if r.log.Allows(report.Signal, now) {
		r.log.Write(report.NewLine("fleet not heard").Field("cluster", r.config.Cluster).Field("calls", callKindNames[kind]).
			Number("grpc_status", int64(status)))
	}
}

// IsAlone tells whether this worker counts alone, because the service gives no answer to
// reports.
func (r *Room) IsAlone() bool { return r != nil && r.breakers[reporting].IsOpen() }

// anyOpen tells whether the worker has stopped to ask or to tell the service anything.
func (r *Room) anyOpen() bool { return r.breakers[reporting].IsOpen() || r.breakers[asking].IsOpen() }

// publish tells operations endpoints whether the service is heard.
func (r *Room) publish(now int64) {
	register.PublishFleet(r.ports, register.Fleet{
		ID: r.shared.Fleet, Domain: r.config.Domain, Heard: !r.anyOpen(), Pending: uint32(r.outbox.reports),
	}, now)
}
