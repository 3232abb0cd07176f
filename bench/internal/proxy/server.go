package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// The paths that every proxy serves.
const (
	PassPath = "/api/v1/items"   // 200
	FailPath = "/api/v1/fail"    // 401, as a service answers a wrong credential
	DenyPath = "/api/v1/refused" // 429, only where nothing decides
)

// Body is what PassPath and FailPath answer.
const Body = "ok\n"

// Server is a proxy that serves.
type Server struct {
	// URL has no path.
	URL string
	// Ready is how long it took to start.
	Ready time.Duration

	process *process
	admin   string // Envoy's admin endpoint
	dir     string
	store   *store // nil: the proxy counts itself
}

// Usage is what the proxy has used so far.
func (s *Server) Usage() (Usage, error) { return usageOf(s.process.cmd.Process.Pid) }

// StoreUsage is what the services have used so far that the proxy asks: nothing
// if there are none.
func (s *Server) StoreUsage() (Usage, error) {
	if s.store == nil {
		return Usage{}, nil
	}
	return s.store.usage()
}

// Stop ends the proxy and what it asks, and removes their files.
func (s *Server) Stop() {
	s.process.stop()
	if s.store != nil {
		s.store.stop()
	}
	_ = os.RemoveAll(s.dir)
}

// Log is the end of what the proxy wrote, and of what the services did that it asks.
func (s *Server) Log() string {
	log := s.process.log.String()
	if s.store != nil {
		log += s.store.log()
	}
	return log
}

// Stat returns one of Envoy's counters or gauges.
func (s *Server) Stat(name string) (int64, error) {
	text, err := get("http://" + s.admin + "/stats?filter=^" + name + "$")
	if err != nil {
		return 0, err
	}
	_, value, found := strings.Cut(text, ": ")
	if !found {
		return 0, fmt.Errorf("envoy has no metric %s", name)
	}
	return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
}

// Allocated is how many bytes Envoy's allocator has given away and not got back. Memory of
// VMs is not among them; what is in use again after it was free is, other than in RSS.
func (s *Server) Allocated() (int64, error) {
	text, err := get("http://" + s.admin + "/memory")
	if err != nil {
		return 0, err
	}
	var memory struct {
		Allocated int64 `json:"allocated,string"`
	}
	err = json.Unmarshal([]byte(text), &memory)
	if err == nil && memory.Allocated == 0 {
		err = fmt.Errorf("envoy's allocator does not count: %s", text)
	}
	return memory.Allocated, err
}

var client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(url string) (string, error) {
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return string(body), err
}

// freePort asks the system for a port, for proxies that cannot say which one
// they got.
func freePort() (int, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// answers tells whether the proxy at url serves.
func answers(url string) bool {
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return true
}

// launch starts a program that listens on a port that it was told.
func launch(program string, args []string, dir string, port int) (*Server, error) {
	begin := time.Now()
	p, err := start(program, args, dir)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), process: p, dir: dir}
	if err := p.await(func() bool { return answers(s.URL + PassPath) }); err != nil {
		s.Stop()
		return nil, err
	}
	s.Ready = time.Since(begin)
	return s, nil
}
