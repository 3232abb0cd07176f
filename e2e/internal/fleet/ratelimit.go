package fleet

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
)

// serviceOptions say how it is started.
type serviceOptions struct {
	// root is the repository, dir a folder for its files.
	root, dir string
	// domain is its configuration.
	domain []byte
	// redis is where Redis is: its type, SINGLE or SENTINEL, and its URL.
	redisType, redisURL string
	// skew is how far ahead its clock is, in whole seconds.
	skew time.Duration
}

// startService starts envoyproxy/ratelimit.
func startService(ctx context.Context, o serviceOptions) (*Program, error) {
	at, err := serviceAt(o)
	if err != nil {
		return nil, err
	}
	return startSomewhere(ctx, at, servicePorts)
}

// servicePorts is how many it takes: for gRPC, for HTTP, and for debugging.
const servicePorts = 3

func serviceAt(o serviceOptions) (func(ports []string) *Program, error) {
	name := "ratelimit"
	if o.skew != 0 {
		name = "ratelimit-skewed"
	}
	path := filepath.Join(o.root, ".tools", "fleet", name)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no rate limit service: run scripts/install-fleet at the top of the repository: %w", err)
	}
	runtime, err := os.MkdirTemp(o.dir, "ratelimit-")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(runtime, "fleet", "config")
	if err := os.MkdirAll(config, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(config, "domain.yaml"), o.domain, 0o600); err != nil {
		return nil, err
	}
	return func(ports []string) *Program {
		return &Program{
			Name: "ratelimit", Address: net.JoinHostPort("127.0.0.1", ports[0]), Log: envoy.NewLog(logLimit), path: path,
			env: []string{
				"GRPC_HOST=127.0.0.1", "GRPC_PORT=" + ports[0], "HOST=127.0.0.1", "PORT=" + ports[1], "DEBUG_HOST=127.0.0.1", "DEBUG_PORT=" + ports[2],
				"RUNTIME_ROOT=" + runtime, "RUNTIME_SUBDIRECTORY=fleet", "RUNTIME_WATCH_ROOT=false",
				"REDIS_SOCKET_TYPE=tcp", "REDIS_TYPE=" + o.redisType, "REDIS_URL=" + o.redisURL,
				"USE_STATSD=false", "DISABLE_STATS=true", "CLOCK_SKEW=" + strconv.Itoa(int(o.skew.Seconds())),
			},
		}
	}, nil
}
