package deploy

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is the failover pair of redis.sh with its sentinels, each member on a loopback
// address of its own.
type pair struct {
	t           *testing.T
	environment []string
	port        map[string]string // of Redis, of a sentinel
	running     map[string]*exec.Cmd
	log         bytes.Buffer
}

const pairsPassword = `a "password" of \ this test`

var pairsSentinels = []string{"127.43.1.1", "127.43.1.2", "127.43.1.3"}

func startPair(t *testing.T) *pair {
	t.Helper()
	for _, tool := range []string{"redis-server", "redis-cli"} {
		_, err := exec.LookPath(tool)
		require.NoError(t, err, "install Redis (Debian: apt-get install redis-server)")
	}
	p := &pair{t: t, port: map[string]string{"redis": freePort(t), "sentinel": freePort(t)}, running: map[string]*exec.Cmd{}}
	p.environment = append(os.Environ(), "FIRST=127.43.0.1", "SENTINELS="+strings.Join(pairsSentinels, " "),
		"PASSWORD="+pairsPassword, "REDIS_PORT="+p.port["redis"], "SENTINEL_PORT="+p.port["sentinel"], "DOWN_AFTER=500")
	t.Cleanup(func() {
		for self := range p.running {
			p.kill(self)
		}
		if t.Failed() {
			t.Logf("%s", &p.log)
		}
	})
	for _, sentinel := range pairsSentinels {
		p.start("sentinel", sentinel)
	}
	p.start("redis", "127.43.0.1")
	p.start("redis", "127.43.0.2")
	return p
}

// freePort is a port that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// start starts a member as its container does: with an empty folder.
func (p *pair) start(kind, self string) {
	p.t.Helper()
	command := exec.Command("sh", "fleet/redis.sh", kind)
	command.Env = append(p.environment, "SELF="+self, "BIND="+self, "DIR="+p.t.TempDir())
	command.Stdout, command.Stderr = &p.log, &p.log
	require.NoError(p.t, command.Start())
	p.running[self] = command
}

func (p *pair) kill(self string) {
	_ = p.running[self].Process.Kill()
	_ = p.running[self].Wait()
	delete(p.running, self)
}

// ask gives a member a command and returns the lines of its answer.
func (p *pair) ask(kind, self string, args ...string) []string {
	command := exec.Command("redis-cli", append([]string{"-h", self, "-p", p.port[kind], "--raw"}, args...)...)
	command.Env = append(os.Environ(), "REDISCLI_AUTH="+pairsPassword)
	out, _ := command.Output()
	return strings.Split(strings.ReplaceAll(strings.TrimSpace(string(out)), "\r", ""), "\n")
}

// eventually waits until the sentinels agree on the master and the other one has its
// counters.
func (p *pair) eventually(master, replica string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		for _, sentinel := range pairsSentinels {
			said := strings.Join(p.ask("sentinel", sentinel, "info", "sentinel"), "\n")
			replicas := strings.Join(p.ask("sentinel", sentinel, "sentinel", "replicas", "fleet"), "\n")
			if !strings.Contains(said, "address="+master+":"+p.port["redis"]+",slaves=1,sentinels=3") ||
				!strings.Contains(replicas, "\nflags\nslave\n") { // and not "s_down,slave"
				return false
			}
		}
		follows := strings.Join(p.ask("redis", replica, "info", "replication"), "\n")
		return p.ask("redis", master, "role")[0] == "master" &&
			strings.Contains(follows, "master_host:"+master+"\n") && strings.Contains(follows, "master_link_status:up")
	}, 30*time.Second, 50*time.Millisecond, "%s is not the master", master)
}

// A master that is killed and comes back at once, empty, finds the other one in its place,
// and nothing that was counted is lost. Sentinels that come back are the same ones.
func TestRedisPairFailsOver(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	p.eventually("127.43.0.1", "127.43.0.2")
	require.Equal(t, []string{"7"}, p.ask("redis", "127.43.0.1", "incrby", "counter", "7"))
	require.Equal(t, []string{"1"}, p.ask("redis", "127.43.0.1", "wait", "1", "5000"))

	p.kill("127.43.0.1")
	p.start("redis", "127.43.0.1")
	p.eventually("127.43.0.2", "127.43.0.1")
	assert.Equal(t, []string{"8"}, p.ask("redis", "127.43.0.2", "incrby", "counter", "1"))
	require.Equal(t, []string{"1"}, p.ask("redis", "127.43.0.2", "wait", "1", "5000"))

	p.kill(pairsSentinels[0])
	p.start("sentinel", pairsSentinels[0])
	p.kill("127.43.0.2")
	p.start("redis", "127.43.0.2")
	p.eventually("127.43.0.1", "127.43.0.2")
	assert.Equal(t, []string{"8"}, p.ask("redis", "127.43.0.1", "get", "counter"))
}

// A master that is gone for good is replaced by the sentinels alone. Nobody without the
// password learns or changes anything.
func TestRedisPairReplacesItsMaster(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	p.eventually("127.43.0.1", "127.43.0.2")
	for kind, self := range map[string]string{"redis": "127.43.0.1", "sentinel": pairsSentinels[0]} {
		out, _ := exec.Command("redis-cli", "-h", self, "-p", p.port[kind], "--raw", "info").CombinedOutput()
		assert.Contains(t, string(out), "NOAUTH", kind)
	}
	p.kill("127.43.0.1")
	require.Eventually(t, func() bool {
		return p.ask("redis", "127.43.0.2", "role")[0] == "master"
	}, 30*time.Second, 50*time.Millisecond)
}

// The script knows nothing else to start.
func TestRedisScriptRefusesOtherWords(t *testing.T) {
	script, err := filepath.Abs("fleet/redis.sh")
	require.NoError(t, err)
	assert.Error(t, exec.Command("sh", script, "cluster").Run())
}
