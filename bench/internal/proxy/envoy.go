package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Envoy is how an Envoy is started.
type Envoy struct {
	Binary  string
	Workers int
	// Filter stands in front of the router; nil for none.
	Filter any
	// Clusters are what the filter asks over the network.
	Clusters []any
	// Routed makes PassPath belong to a service, for filters that leave alone
	// what is a direct response by its route. A last filter answers RoutedBody
	// in the service's place.
	Routed bool
	// Service is the address of the service that all other paths belong to; empty if
	// Envoy answers itself.
	Service string
	// Denied is what DenyPath answers, so that it can be to the byte what a
	// filter refuses with.
	Denied Answer
}

// Answer is a direct response.
type Answer struct {
	Status  int
	Headers [][2]string
	Body    string
}

// Start starts Envoy and returns when it serves.
func (e Envoy) Start() (*Server, error) {
	dir, err := os.MkdirTemp("", "bench-envoy-")
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(e.bootstrap())
	if err != nil {
		return nil, err
	}
	config, address := filepath.Join(dir, "envoy.json"), filepath.Join(dir, "admin")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, err
	}
	begin := time.Now()
	p, err := start(e.Binary, []string{
		"--config-path", config, "--concurrency", strconv.Itoa(e.Workers),
		"--admin-address-path", address, "--disable-hot-restart",
		"--component-log-level", "main:warning",
	}, dir)
	if err != nil {
		return nil, err
	}
	s := &Server{process: p, dir: dir}
	if err := errors.Join(p.await(func() bool { return s.isReady(address) }), s.findPort()); err != nil {
		s.Stop()
		return nil, err
	}
	s.Ready = time.Since(begin)
	return s, nil
}

func (s *Server) isReady(addressFile string) bool {
	text, _ := os.ReadFile(addressFile) // absent until Envoy writes it
	if _, _, err := net.SplitHostPort(string(text)); err != nil {
		return false
	}
	s.admin = string(text)
	_, err := get("http://" + s.admin + "/ready")
	return err == nil
}

func (s *Server) findPort() error {
	if s.admin == "" {
		return nil // await has said why
	}
	text, err := get("http://" + s.admin + "/listeners?format=json")
	if err != nil {
		return err
	}
	var listeners struct {
		Statuses []struct {
			Address struct {
				Socket struct {
					Port int `json:"port_value"`
				} `json:"socket_address"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal([]byte(text), &listeners); err != nil {
		return err
	}
	if len(listeners.Statuses) != 1 {
		return fmt.Errorf("envoy has %d listeners", len(listeners.Statuses))
	}
	s.URL = "http://127.0.0.1:" + strconv.Itoa(listeners.Statuses[0].Address.Socket.Port)
	return nil
}
