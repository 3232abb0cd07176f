package scenario

import (
	"sync"

	"github.com/gatewarden/gatewarden/internal/wasmhost"
)

// GRPCCluster is where the gRPC server of scenarios is.
const GRPCCluster = "grpc"

// GRPCServer is the gRPC server of a scenario. It is safe for concurrent use.
type GRPCServer struct {
	tells map[string][]wasmhost.GRPCAnswer

	mu    sync.Mutex
	asked map[string]int // by method
}

// NewGRPCServer returns a server that nobody has called yet.
func NewGRPCServer(s Scenario) *GRPCServer {
	return &GRPCServer{tells: s.Tells, asked: map[string]int{}}
}

// unimplemented is the status of methods that a server does not have.
const unimplemented = 12

// Serve answers a call of a method ("package.Service/Method").
func (g *GRPCServer) Serve(method string) wasmhost.GRPCAnswer {
	list := g.tells[method]
	if len(list) == 0 {
		return wasmhost.GRPCAnswer{Status: unimplemented}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.asked[method]
	g.asked[method]++
	return list[min(n, len(list)-1)]
}
