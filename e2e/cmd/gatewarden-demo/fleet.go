package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/config"
	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// fleetConfig is the filter's configuration in a fleet, but for its member "fleet", if the
// user brings none along. A lockout lasts for longer than a user needs to try everything.
// The service's windows begin at their multiples, so they are long.
const fleetConfig = `{
  "surfaces": [
    {"name": "rest", "kind": "api", "match": [{"prefix": "/api/v1"}], "lockout": {"failures": 20, "window": "1h", "duration": "5m"}}
  ],
  "log": {"per_second": 1000}
}`

// fleetMember is the member "fleet" of configurations that have none.
const fleetMember = `{"cluster": "ratelimit", "secret_env": "FLEET_SECRET", "refresh": "1s", "replicas": 2}`

// withFleet adds the member "fleet" to a configuration without one. Others stay as they are,
// and so does what the filter will refuse.
func withFleet(text string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil || members == nil || members["fleet"] != nil {
		return text
	}
	comma := ""
	if len(members) > 0 {
		comma = ", "
	}
	return text[:strings.LastIndex(text, "}")] + comma + `"fleet": ` + fleetMember + "}"
}

// fleetSecret gives the filter a secret for the fleet, if the configuration wants it in the
// environment, and returns that environment.
func fleetSecret(b *envoy.Bootstrap, text string) []string {
	var plugin struct {
		Fleet struct {
			SecretEnv string `json:"secret_env"`
		} `json:"fleet"`
	}
	_ = json.Unmarshal([]byte(text), &plugin) // the filter says what is wrong with it
	name := plugin.Fleet.SecretEnv
	if name == "" {
		return nil
	}
	secret := rand.Text() + rand.Text()
	b.SetEnvironment(name, secret)
	return []string{name + "=" + secret}
}

// The ports of the second proxy are those of the first and so much more.
const (
	publicOffset = 1
	otherOffset  = 10
)

// second returns the configuration of the second proxy, and the address of its operations
// endpoint. A port that is taken is replaced by a free one.
func second(b *envoy.Bootstrap, operations string) (other *envoy.Bootstrap, otherOperations string, err error) {
	public, err := b.ListenerAddress()
	if err != nil {
		return nil, "", err
	}
	var ports [3]int
	for i, from := range []struct {
		address string
		offset  int
	}{{public, publicOffset}, {b.AdminAddress(), otherOffset}, {operations, otherOffset}} {
		if ports[i], err = portBeside(from.address, from.offset); err != nil {
			return nil, "", err
		}
	}
	if other, err = b.Clone(); err != nil {
		return nil, "", err
	}
	host, _, err := net.SplitHostPort(operations)
	if err != nil {
		return nil, "", err
	}
	return other, net.JoinHostPort(host, strconv.Itoa(ports[2])), other.SetPorts(ports[0], ports[1], ports[2])
}

// portBeside is the port of an address and so much more, or another one that is free.
func portBeside(address string, offset int) (int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port+offset)))
	if err != nil {
		listener, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return 0, err
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return 0, err
	}
	_, text, err = net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// store is a rate limit service beside the demo, with its Redis.
type store struct {
	*fleet.Store
	logs []*os.File
}

// startStore starts what counts for the proxies of a configuration, with logs in dir unless
// that is "", and tells Envoy where it is. It returns nil if the configuration has no fleet,
// or one that envoy.yaml knows.
func startStore(ctx context.Context, root string, b *envoy.Bootstrap, c *config.Config, dir string) (_ *store, err error) {
	if c.Fleet == nil {
		return nil, nil
	}
	if _, err := b.Cluster(c.Fleet.Cluster); err == nil {
		return nil, nil
	}
	s := &store{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	logTo := map[string]io.Writer{}
	for program, file := range map[string]string{"ratelimit": "ratelimit.log", "Redis": "redis.log"} {
		if dir == "" {
			continue
		}
		log, err := os.Create(filepath.Join(dir, file))
		if err != nil {
			return nil, err
		}
		s.logs, logTo[program] = append(s.logs, log), log
	}
	plugin, err := b.PluginConfig()
	if err != nil {
		return nil, err
	}
	if s.Store, err = fleet.StartStore(ctx, root, plugin, logTo); err != nil {
		s.Store = nil // it has ended
		return nil, err
	}
	if err := errors.Join(b.AddCluster(c.Fleet.Cluster, s.Service.Address), b.SpeakHTTP2(c.Fleet.Cluster)); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *store) close() {
	if s == nil {
		return
	}
	if s.Store != nil {
		_ = s.Stop()
	}
	for _, log := range s.logs {
		_ = log.Close()
	}
}
