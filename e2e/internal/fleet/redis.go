package fleet

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// logLimit is more than any of the programs writes.
const logLimit = 8 << 20

// redisServer is Debian's program, on the PATH or where scripts/need unpacks it.
func redisServer(root string) (string, error) {
	for _, name := range []string{"redis-server", filepath.Join(root, ".tools", "bin", "redis-server")} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no redis-server: run %q at the top of the repository", "scripts/need redis")
}

// startRedis starts a Redis that keeps everything in memory. The arguments are added.
func startRedis(ctx context.Context, root, dir string, args ...string) (*Program, error) {
	at, err := redisAt(root, dir, args...)
	if err != nil {
		return nil, err
	}
	return startSomewhere(ctx, at, 1)
}

func redisAt(root, dir string, args ...string) (func(ports []string) *Program, error) {
	path, err := redisServer(root)
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "redis-"); err != nil {
		return nil, err
	}
	return func(ports []string) *Program {
		return &Program{
			Name: "Redis", Address: net.JoinHostPort("127.0.0.1", ports[0]), Log: envoy.NewLog(logLimit), path: path,
			args: append([]string{"--port", ports[0], "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}, args...),
		}
	}, nil
}

// Pair is a Redis with a replica, and a Sentinel that makes the replica the master when
// the master is gone.
type Pair struct {
	Master, Replica, Sentinel *Program
}

// masterName is what Sentinel calls the pair.
const masterName = "fleet"

// How long the master may be silent before Sentinel takes it for gone. It is seconds where
// people run it; here, it makes tests short.
const downAfter = 500 * time.Millisecond

func startPair(ctx context.Context, root, dir string) (pair *Pair, err error) {
	pair = &Pair{}
	defer func() {
		if err != nil {
			pair.Stop()
		}
	}()
	if pair.Master, err = startRedis(ctx, root, dir); err != nil {
		return pair, err
	}
	host, port, err := net.SplitHostPort(pair.Master.Address)
	if err != nil {
		return pair, err
	}
	if pair.Replica, err = startRedis(ctx, root, dir, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0"); err != nil {
		return pair, err
	}
	if pair.Sentinel, err = startSentinel(ctx, root, dir, host, port); err != nil {
		return pair, err
	}
	return pair, pair.awaitReplica(ctx)
}

func startSentinel(ctx context.Context, root, dir, host, port string) (*Program, error) {
	path, err := redisServer(root)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nsentinel monitor %[1]s %[2]s %[3]s 1\nsentinel down-after-milliseconds %[1]s %[4]d\nsentinel failover-timeout %[1]s 2000\n",
		masterName, host, port, downAfter.Milliseconds())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return startSomewhere(ctx, func(ports []string) *Program {
		return &Program{
			Name: "Sentinel", Address: net.JoinHostPort("127.0.0.1", ports[0]), Log: envoy.NewLog(logLimit), path: path,
			args: []string{config, "--sentinel", "--port", ports[0]},
		}
	}, 1)
}

// awaitReplica waits until the replica has the master's data, and Sentinel knows it.
func (p *Pair) awaitReplica(ctx context.Context) error {
	return wait.Until(ctx, "Sentinel to know the replica", func() (bool, error) {
		return len(p.Replica.Log.Lines("sync: Finished with success")) > 0 && len(p.Sentinel.Log.Lines("+slave")) > 0, nil
	})
}

// Stop ends all three.
func (p *Pair) Stop() {
	for _, program := range []*Program{p.Sentinel, p.Replica, p.Master} {
		if program != nil {
			program.Stop()
		}
	}
}
