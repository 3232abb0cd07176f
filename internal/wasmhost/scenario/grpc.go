package scenario

import (
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/internal/fakeratelimit"
	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// GRPCCluster is where the gRPC server of scenarios is.
const GRPCCluster = "grpc"

// GRPCServer is the gRPC server of a scenario. It is safe for concurrent use.
type GRPCServer struct {
	tells map[string][]wasmhost.GRPCAnswer

	mu      sync.Mutex
	asked   map[string]int         // by method
	counter *fakeratelimit.Service // nil: there is none
}

// NewGRPCServer returns a server that nobody has called yet. wall is the time of day.
func NewGRPCServer(s Scenario, wall func() time.Time) *GRPCServer {
	g := &GRPCServer{tells: s.Tells, asked: map[string]int{}}
	if s.Fleet == nil {
		return g
	}
	c, err := config.Parse([]byte(s.Config), nil)
	if err != nil {
		return g // the filter says so
	}
	g.counter = fakeratelimit.New(c, func() int64 { return wall().UnixMilli() })
	g.counter.Before = s.Fleet
	return g
}

// shouldRateLimit is the method of a rate limit service.
const shouldRateLimit = "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"

// unimplemented is the status of methods that a server does not have.
const unimplemented = 12

// Serve answers a call of a method ("package.Service/Method").
func (g *GRPCServer) Serve(method string, message []byte) wasmhost.GRPCAnswer {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counter != nil && method == shouldRateLimit {
		return wasmhost.GRPCAnswer{Message: g.counter.Answer(message)}
	}
	list := g.tells[method]
	if len(list) == 0 {
		return wasmhost.GRPCAnswer{Status: unimplemented}
	}
	n := g.asked[method]
	g.asked[method]++
	return list[min(n, len(list)-1)]
}
