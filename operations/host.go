package operations

import (
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/table"
)

// Host is what the endpoint needs from the proxy: a part of what the filter needs. Its
// results are valid until the request is answered.
type Host interface {
	table.Store
	table.Clock
	WallNow() int64
	RequestHeaders() []proxy.Header
	Reply(reply *proxy.Reply)
	Warn(line string)
	Counter(name string) proxy.Metric
	Add(metric proxy.Metric, n uint64)
}

// moment is a clock that stands: one answer tells of one moment.
type moment int64

func (m moment) Now() int64 { return int64(m) }
