package foreignlogs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/envoy"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// server is a proxy of Debian's, with the logs that it writes.
type server struct {
	// program is its name, and debian the package that has it.
	program, debian string
	// config is its configuration: LISTEN and SERVICE are addresses, DIR a folder, MODULES
	// where Apache has its own.
	config string
	args   []string
	logs   []foreignLog
}

// foreignLog is a log, which may be in several files. stderr and stdout are those that
// the program was started with.
type foreignLog struct {
	name  string
	files []string
	// credentials tells whether the log tells whether a request had a credential.
	credentials bool
	// others tells whether there are lines in it which are not about a request.
	others bool
}

func servers() []server {
	return []server{
		{
			program: "nginx", debian: "nginx", config: nginx, args: []string{"-p", "DIR", "-e", "error.log", "-c", "DIR/config"},
			logs: []foreignLog{
				{name: "nginx, combined, with the error log", files: []string{"access.log"}, others: true},
				{name: "nginx, main", files: []string{"main.log"}},
				{name: "nginx, JSON", files: []string{"json.log"}},
				{name: "nginx, JSON with the request line", files: []string{"plain.log"}},
			},
		},
		{
			program: "apache2", debian: "apache2-bin", config: apache, args: []string{"-DFOREGROUND", "-d", "DIR", "-f", "DIR/config"},
			logs: []foreignLog{
				{name: "Apache, combined, with the error log", files: []string{"access.log"}, others: true},
				{name: "Apache, common", files: []string{"common.log"}},
				{name: "Apache, vhost_combined", files: []string{"vhost.log"}},
			},
		},
		{
			program: "haproxy", debian: "haproxy", config: haproxy, args: []string{"-db", "-f", "DIR/config"},
			logs: []foreignLog{
				{name: "HAProxy", files: []string{"stderr"}},
				{name: "HAProxy by syslog", files: []string{"stdout"}},
			},
		},
		{
			program: "caddy", debian: "caddy", config: caddy, args: []string{"run", "--adapter", "caddyfile", "--config", "DIR/config"},
			logs: []foreignLog{{name: "Caddy, with its own log", files: []string{"access.log", "stderr"}, credentials: true, others: true}},
		},
	}
}

const nginx = `daemon off;
master_process off;
pid nginx.pid;
error_log DIR/access.log notice;
events { worker_connections 64; }
http {
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  log_format json escape=json '{"time":"$msec","remote_addr":"$remote_addr","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":$status,"request_time":$request_time,"http_user_agent":"$http_user_agent"}';
  log_format plain escape=json '{"time_local":"$time_local","remote_ip":"$remote_addr","request":"$request","response":$status}';
  access_log DIR/access.log combined;
  access_log DIR/main.log main;
  access_log DIR/json.log json;
  access_log DIR/plain.log plain;
  server {
    listen LISTEN;
    location / { proxy_pass http://SERVICE; }
  }
}
`

const apache = `ServerName localhost
Listen LISTEN
DefaultRuntimeDir DIR
PidFile DIR/apache.pid
User "#65534"
Group "#65534"
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule proxy_module MODULES/mod_proxy.so
LoadModule proxy_http_module MODULES/mod_proxy_http.so
StartServers 1
ThreadsPerChild 8
MinSpareThreads 1
MaxSpareThreads 8
MaxRequestWorkers 8
ErrorLog DIR/access.log
LogLevel notice
CustomLog DIR/access.log "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""
CustomLog DIR/common.log "%h %l %u %t \"%r\" %>s %O"
CustomLog DIR/vhost.log "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""
ProxyPass / http://SERVICE/ nocanon
`

const haproxy = `global
  log stdout format rfc3164 local0
  log fd@2 format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend public
  bind LISTEN
  option accept-invalid-http-request
  http-request capture req.hdr(User-Agent) len 40
  default_backend service
backend service
  server one SERVICE
`

const caddy = `{
  admin off
  auto_https off
  storage file_system DIR/storage
}
http://LISTEN {
  bind 127.0.0.1
  log {
    output file DIR/access.log
  }
  reverse_proxy SERVICE
}
`

// running is a server that serves.
type running struct {
	server
	address, dir string
	cmd          *exec.Cmd
	ended        chan struct{}
}

// find looks for the program on the PATH and where Debian puts daemons.
func (s server) find() (string, error) {
	for _, name := range []string{s.program, filepath.Join("/usr/sbin", s.program)} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is neither on the PATH nor in /usr/sbin: its log cannot be tested (Debian: apt-get install %s)", s.program, s.debian)
}

// start runs a server in front of a service until the context ends. Another program may
// take the port between the choice of it and the start.
func (s server) start(ctx context.Context, dir, backend string) (r *running, err error) {
	for range 3 {
		if r, err = s.startOnce(ctx, dir, backend); err == nil || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			break
		}
	}
	return r, err
}

func (s server) startOnce(ctx context.Context, dir, backend string) (*running, error) {
	path, err := s.find()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	replace := strings.NewReplacer("LISTEN", address, "SERVICE", backend, "DIR", dir, "MODULES", modules(path))
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(replace.Replace(s.config)), 0o600); err != nil {
		return nil, err
	}
	r := &running{server: s, address: address, dir: dir, ended: make(chan struct{})}
	var args []string
	for _, arg := range s.args {
		args = append(args, replace.Replace(arg))
	}
	r.cmd = exec.CommandContext(ctx, path, args...)
	r.cmd.Cancel = func() error { return r.cmd.Process.Signal(syscall.SIGTERM) }
	r.cmd.WaitDelay = 5 * time.Second
	r.cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	stdout, errOut := os.Create(filepath.Join(dir, "stdout"))
	stderr, errErr := os.Create(filepath.Join(dir, "stderr"))
	if err := errors.Join(errOut, errErr); err != nil {
		return nil, err
	}
	r.cmd.Stdout, r.cmd.Stderr = stdout, stderr
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait() // it is ended by a signal
		_ = errors.Join(stdout.Close(), stderr.Close())
	}()
	return r, r.accepting(ctx)
}

// modules is the folder of Apache's modules beside the program.
func modules(path string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(path)), "lib", "apache2", "modules")
}

func (r *running) accepting(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("20 seconds are over"))
	defer cancel()
	err := wait.Until(ctx, r.program+" to take connections", func() (bool, error) {
		select {
		case <-r.ended:
			return false, errors.New("it ended")
		default:
		}
		c, err := net.DialTimeout("tcp", r.address, time.Second)
		if err != nil {
			return false, nil
		}
		return true, c.Close()
	})
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(r.dir, "stderr"))
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

// stop ends the server once each of its logs has a line for every request.
func (r *running) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("10 seconds are over"))
	defer cancel()
	err := wait.Until(ctx, r.program+" to write its log", func() (bool, error) {
		for _, l := range r.logs {
			text, err := os.ReadFile(filepath.Join(r.dir, l.files[0]))
			if err != nil {
				return false, err
			}
			if strings.Count(string(text), "/api/v1/items")+strings.Count(string(text), "/oauth/token") < len(attack()) {
				return false, nil
			}
		}
		return true, nil
	})
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // or it is gone already
	<-r.ended
	return err
}

// freeAddress is one that nothing listened on a moment ago: these programs cannot say
// which port they got.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startEnvoy starts Envoy with the filter in shadow mode, in front of a service.
func startEnvoy(ctx context.Context, root, dir, backend string) (p *envoy.Process, address string, err error) {
	wasm, err := envoy.Filter(root)
	if err != nil {
		return nil, "", err
	}
	binary, err := envoy.Finder{Root: root, Log: os.Stderr}.Find(ctx)
	if err != nil {
		return nil, "", err
	}
	b, err := envoy.Load(filepath.Join(root, "envoy.yaml"))
	if err != nil {
		return nil, "", err
	}
	logger := b.HCM["access_log"].([]any)[0].(envoy.Object)
	format := logger["typed_config"].(envoy.Object)["log_format"].(envoy.Object)["json_format"].(envoy.Object)
	format["credential"] = "%CEL('authorization' in request.headers)%"
	b.SetPluginConfig(configuration)
	if err := errors.Join(b.FreePorts(), b.SetEndpoint("service", backend), b.SetWasm(wasm)); err != nil {
		return nil, "", err
	}
	p, err = envoy.Start(ctx, binary, envoy.Options{Bootstrap: b, Dir: dir, WorkDir: root})
	if err != nil {
		return nil, "", err
	}
	address, err = p.ListenerAddress(ctx, "public")
	return p, address, err
}
