package proxy

import (
	"fmt"
	"os"
	"path/filepath"
)

// HAProxy is HAProxy with a stick table that counts the 401s of each address.
type HAProxy struct {
	Binary  string
	Workers int
}

// In front of a service, sc-inc-gpc0 would be an http-response rule on status
// 401; those do not see the answers that HAProxy makes itself, so here it stands
// in front of the answer.
const haproxyConfig = `
global
  nbthread %[1]d
  maxconn 4096
defaults
  mode http
  timeout client 1m
  timeout connect 5s
  timeout server 1m
frontend public
  bind 127.0.0.1:%[2]d
  stick-table type ip size 65536 expire 3600s store gpc0
  http-request set-src hdr(x-forwarded-for) if { req.hdr(x-forwarded-for) -m found }
  http-request track-sc0 src
  http-request return status 429 content-type application/problem+json hdr retry-after 3600 hdr cache-control no-store string '{"type":"about:blank","title":"Too Many Requests","status":429}' if { sc_get_gpc0(0) ge 20 }
  http-request sc-inc-gpc0(0) if { path %[3]s }
  http-request return status 401 content-type text/plain string "ok\n" if { path %[3]s }
  http-request return status 200 content-type text/plain string "ok\n"
`

// Start starts HAProxy and returns when it serves.
func (h HAProxy) Start() (*Server, error) {
	dir, err := os.MkdirTemp("", "bench-haproxy-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "haproxy.cfg")
	text := fmt.Sprintf(haproxyConfig, h.Workers, port, FailPath)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return launch(h.Binary, []string{"-db", "-q", "-f", config}, dir, port)
}
