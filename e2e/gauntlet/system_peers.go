package gauntlet

import (
	"context"
	"encoding/base64"
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
func haproxy() System { return haproxyAs("HAProxy stick table", haproxyConfig) }

// haproxyReading also counts what is wrong by the last frame of a body.
func haproxyReading() System {
	system := haproxyAs("HAProxy stick table, searching bodies", func(s Setup, h1, h2 string) string {
		return strings.Replace(haproxyConfig(s, h1, h2), haproxyCounts, haproxyCounts+haproxySearches(), 1)
	})
	system.ReadsBodies = true
	return system
}

func haproxyAs(name string, config func(s Setup, h1, h2 string) string) System {
	return System{
		Name: name, Family: SlidingFailures, ByNetwork: true,
		Start: func(ctx context.Context, s Setup) (*Target, error) {
			return startPeer(ctx, s, config, s.Tools.HAProxy.Path,
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
		// The right-most entry, from any peer.
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

const haproxyCounts = "  http-response sc-inc-gpc0(0) if { status 401 }\n"

// haproxySearches has HAProxy wait for the bodies of gRPC-Web and Connect and look for
// the status anywhere in them, which services must not compress then. It finds text in
// binary bodies by its hexadecimal digits only, and in base64 in the three ways in which
// it may be aligned there.
func haproxySearches() string {
	const endsWeb = "grpc-status: 16\r\n"
	return fmt.Sprintf(`  http-request del-header accept-encoding
  http-request del-header grpc-accept-encoding
  http-request del-header connect-accept-encoding
  acl framed res.hdr(content-type) -m beg -i application/grpc-web application/connect+
  acl wrong res.body,hex -m sub %X %X
  acl wrong res.body -m sub %s
  http-response wait-for-body time 1s if framed
  http-response sc-inc-gpc0(0) if framed wrong
`, endsWeb, `"code":"unauthenticated"`, strings.Join(inBase64(endsWeb), " "))
}

// inBase64 is how text looks in base64, after 0, 1 and 2 bytes more than a multiple of
// three. Digits that depend on what stands around it are left out.
func inBase64(text string) (digits []string) {
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + text))
		first := (before*8 + 5) / 6
		whole := (before + len(text)) * 8 / 6
		digits = append(digits, encoded[first:whole])
	}
	return digits
}

func haproxyConfig(s Setup, h1, h2 string) string {
	trust := ""
	if s.Edge != Direct {
		trust = "  http-request set-src hdr_ip(x-forwarded-for,-1) if { hdr(x-forwarded-for) -m found }\n"
	}
	window := seconds(s.Limit.Window)
	return strings.NewReplacer("TABLE", fmt.Sprint(s.Table), "WINDOW", window, "LIMIT", fmt.Sprint(s.Limit.Failures),
		"SERVICE", s.Service, "H1", h1, "H2", h2, "TRUST\n", trust, "COUNTS\n", haproxyCounts).Replace(`global
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
COUNTS
  default_backend service
backend service
  server service SERVICE
`)
}
