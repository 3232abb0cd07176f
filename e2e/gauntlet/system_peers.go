package gauntlet

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// nginx is limit_req by address, for all paths.
func nginx() System {
	return System{
		Name: "nginx limit_req", Family: Requests, SlowestMinute: true,
		Start: func(ctx context.Context, s Setup) (*Target, error) {
			return startPeer(ctx, s, nginxConfig, s.Tools.Nginx.Path,
				func(file string) []string { return []string{"-p", s.Dir, "-e", "stderr", "-c", file} })
		},
	}
}

// haproxy is a stick table that counts the 401s of each client.
func haproxy() System {
	return System{
		Name: "HAProxy stick table", Family: SlidingFailures, ByNetwork: true,
		Start: func(ctx context.Context, s Setup) (*Target, error) {
			return startPeer(ctx, s, haproxyConfig, s.Tools.HAProxy.Path,
				func(file string) []string { return []string{"-db", "-f", file} })
		},
	}
}

func startPeer(ctx context.Context, s Setup, config func(s Setup, h1, h2 string) string,
	path string, args func(file string) []string,
) (*Target, error) {
	h1, h2, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	file, err := writeFile(s.Dir, "peer.conf", config(s, h1, h2))
	if err != nil {
		return nil, err
	}
	stop, err := daemon(ctx, h1, path, args(file)...)
	if err != nil {
		return nil, err
	}
	sender := newSender(s.Edge, h1, h2)
	return &Target{Send: sender.send, Stop: func() { sender.close(); stop() }}, nil
}

// nginxConfig allows bursts of the limit and refills it within the window; below
// one request a minute nginx cannot go. A client takes 128 bytes of the zone.
func nginxConfig(s Setup, h1, h2 string) string {
	rate := max(1, int(float64(s.Limit.Failures)*float64(time.Minute)/float64(s.Limit.Window)))
	trust := ""
	if s.Edge != Direct {
		// The right-most entry, whoever brings it.
		trust = "  set_real_ip_from 0.0.0.0/0;\n  real_ip_header X-Forwarded-For;\n"
	}
	return fmt.Sprintf(`daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  http2_max_concurrent_streams 512;
  keepalive_requests 1000000;
  limit_req_zone $binary_remote_addr zone=clients:%dk rate=%dr/m;
  limit_req_status 429;
  upstream service { server %s; keepalive 256; }
%s  server {
    listen %s;
    listen %s http2;
    limit_req zone=clients burst=%d nodelay;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`, max(32, s.Table*128/1024), rate, s.Service, trust, h1, h2, s.Limit.Failures-1)
}

func haproxyConfig(s Setup, h1, h2 string) string {
	trust := ""
	if s.Edge != Direct {
		trust = "  http-request set-src hdr_ip(x-forwarded-for,-1) if { hdr(x-forwarded-for) -m found }\n"
	}
	window := seconds(s.Limit.Window)
	return strings.NewReplacer("TABLE", fmt.Sprint(s.Table), "WINDOW", window, "LIMIT", fmt.Sprint(s.Limit.Failures),
		"SERVICE", s.Service, "H1", h1, "H2", h2, "TRUST\n", trust).Replace(`global
  maxconn 4096
  nbthread 2
  tune.h2.max-concurrent-streams 512
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend public
  bind H1
  bind H2 proto h2
  stick-table type ipv6 size TABLE expire WINDOW store gpc0,gpc0_rate(WINDOW)
TRUST
  http-request track-sc0 src,ipmask(32,64)
  http-request deny deny_status 429 if { sc0_gpc0_rate ge LIMIT }
  http-response sc-inc-gpc0(0) if { status 401 }
  default_backend service
backend service
  server service SERVICE
`)
}
