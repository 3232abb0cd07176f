package proxy

import (
	"fmt"
	"os"
	"path/filepath"
)

// Nginx is nginx with limit_req, which counts requests: it cannot count 401s.
type Nginx struct {
	Binary  string
	Workers int
	// Rate and Burst are limit_req's, such as "1r/m" and 20.
	Rate  string
	Burst int
}

// limit_req comes after return in nginx's phases, hence try_files: without the
// detour nothing would be counted.
const nginxConfig = `
daemon off;
user root;
pid %[1]s/nginx.pid;
error_log stderr crit;
worker_processes %[2]d;
events { worker_connections 1024; }
http {
  access_log off;
  default_type text/plain;
  keepalive_requests 1000000000;
  large_client_header_buffers 64 8k;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  limit_req_zone $binary_remote_addr zone=clients:10m rate=%[3]s;
  limit_req_status 429;
  server {
    listen 127.0.0.1:%[4]d;
    location = %[5]s {
      limit_req zone=clients nodelay burst=%[6]d;
      try_files /nonexistent @pass;
    }
    location @pass { return 200 "ok\n"; }
  }
}
`

// Start starts nginx and returns when it serves.
func (n Nginx) Start() (*Server, error) {
	dir, err := os.MkdirTemp("", "bench-nginx-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, dir, n.Workers, n.Rate, port, PassPath, n.Burst)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return launch(n.Binary, []string{"-p", dir, "-e", "stderr", "-c", config}, dir, port)
}
