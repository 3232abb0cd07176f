package proxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// RateLimitService is envoyproxy/ratelimit with a Redis in which it counts: what
// Envoy's rate limit filter asks about each request. Both have the settings that
// they come with, but Redis writes nothing to disk.
type RateLimitService struct {
	Service, Redis string // the binaries
}

// store is a RateLimitService that runs.
type store struct {
	redis, service *process
	port           string // for gRPC
	dir            string
}

// start starts both and returns when they serve.
func (r RateLimitService) start(limits string) (*store, error) {
	dir, err := os.MkdirTemp("", "bench-ratelimit-")
	if err != nil {
		return nil, err
	}
	s := &store{dir: dir}
	if err := s.startBoth(r, limits); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *store) startBoth(r RateLimitService, limits string) error {
	var ports [4]string
	for i := range ports {
		port, err := freePort()
		if err != nil {
			return err
		}
		ports[i] = strconv.Itoa(port)
	}
	if err := s.startRedis(r.Redis, ports[0]); err != nil {
		return err
	}
	files := filepath.Join(s.dir, "ratelimit", "config")
	if err := errors.Join(
		os.MkdirAll(files, 0o700),
		os.WriteFile(filepath.Join(files, "bench.yaml"), []byte(limits), 0o600),
	); err != nil {
		return err
	}
	s.port = ports[1]
	return s.startService(r.Service, ports)
}

func (s *store) startRedis(program, port string) (err error) {
	s.redis, err = start(program, []string{
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", s.dir,
	}, s.dir)
	if err != nil {
		return err
	}
	return s.redis.await(func() bool { return listens("127.0.0.1:" + port) })
}

// startService is told the ports of Redis, for gRPC, for HTTP and for debugging.
func (s *store) startService(program string, ports [4]string) (err error) {
	s.service, err = start(program, nil, s.dir,
		"REDIS_SOCKET_TYPE=tcp", "REDIS_TYPE=SINGLE", "REDIS_URL=127.0.0.1:"+ports[0], "USE_STATSD=false", "LOG_LEVEL=warn",
		"RUNTIME_ROOT="+s.dir, "RUNTIME_SUBDIRECTORY=ratelimit", "RUNTIME_WATCH_ROOT=false",
		"GRPC_HOST=127.0.0.1", "GRPC_PORT="+ports[1], "HOST=127.0.0.1", "PORT="+ports[2],
		"DEBUG_HOST=127.0.0.1", "DEBUG_PORT="+ports[3],
	)
	if err != nil {
		return err
	}
	return s.service.await(func() bool {
		_, err := get("http://127.0.0.1:" + ports[2] + "/healthcheck")
		return err == nil
	})
}

// serviceDomain is the name of the limits of RateLimit.
const serviceDomain = "bench"

// ServiceLimits gives every value of every rule so much a year.
func ServiceLimits(rules []Rule, limit int) string {
	var text strings.Builder
	text.WriteString("domain: " + serviceDomain + "\ndescriptors:\n")
	for _, r := range rules {
		_, _ = fmt.Fprintf(&text, "- {key: %s, rate_limit: {unit: year, requests_per_unit: %d}}\n", r.key(), limit)
	}
	return text.String()
}

func listens(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func (s *store) processes() []*process {
	var running []*process
	for _, p := range []*process{s.service, s.redis} {
		if p != nil && p.cmd.Process != nil {
			running = append(running, p)
		}
	}
	return running
}

func (s *store) stop() {
	for _, p := range s.processes() {
		p.stop()
	}
	_ = os.RemoveAll(s.dir)
}

func (s *store) usage() (Usage, error) {
	var sum Usage
	for _, p := range s.processes() {
		u, err := usageOf(p.cmd.Process.Pid)
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.RSS += u.RSS
	}
	return sum, nil
}

func (s *store) log() string {
	var all strings.Builder
	for _, p := range s.processes() {
		all.WriteString(p.log.String())
	}
	return all.String()
}
