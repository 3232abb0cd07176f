package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatewarden/gatewarden/bench/internal/load"
	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// The columns of the results. Times are in microseconds unless their name says
// otherwise, sizes in megabytes.
const (
	colCPU          = "CPU per request at a fixed rate"
	colP50          = "p50 at a fixed rate"
	colP99          = "p99 at a fixed rate"
	colFullCPU      = "CPU per request at saturation"
	colRate         = "requests per second at saturation"
	colBusy         = "share of the workers' time that the proxy used at saturation"
	colRSS          = "RSS"
	colStart        = "start-up in milliseconds"
	colStoreCPU     = "CPU per request of what the proxy asks, at a fixed rate"
	colStoreRSS     = "RSS of what the proxy asks"
	colFullStoreCPU = "CPU per request of what the proxy asks, at saturation"
	colGrowth       = "RSS growth"
	colTable        = "table_max_bytes"
)

const megabyte = 1 << 20

// steady is a rate well below what any variant can do on one core.
var steady = load.Shape{Connections: 8, Rate: 4000}

// saturating is more at once than a proxy can answer.
var saturating = load.Shape{Connections: 32}

// measure takes all figures of a variant, from a process of its own.
func (b *bench) measure(v variant, workers int, row string) error {
	server, err := v.start(workers)
	if err != nil {
		return err
	}
	defer server.Stop()
	b.results.Add(row, colStart, float64(server.Ready)/float64(time.Millisecond))
	if err := v.prove(server); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	request := v.request(server)
	if err := b.warm(request); err != nil {
		return fmt.Errorf("%w\n%s", err, server.Log())
	}
	slow, cpu, err := loaded(server, request, b.steadily())
	if err != nil {
		return err
	}
	b.results.Add(row, colCPU, cpu.proxy)
	b.addStore(row, colStoreCPU, cpu.store)
	b.results.Add(row, colP50, micros(slow.P50))
	b.results.Add(row, colP99, micros(slow.P99))
	full, cpu, err := loaded(server, request, b.fully())
	if err != nil {
		return err
	}
	b.results.Add(row, colFullCPU, cpu.proxy)
	b.addStore(row, colFullStoreCPU, cpu.store)
	b.results.Add(row, colRate, full.Rate())
	b.results.Add(row, colBusy, cpu.proxy*full.Rate()/1e6/float64(workers))
	usage, err := usageOf(server)
	if err != nil {
		return err
	}
	b.results.Add(row, colRSS, float64(usage.proxy.RSS)/megabyte)
	b.addStore(row, colStoreRSS, float64(usage.store.RSS)/megabyte)
	return v.confirm(server, slow.Requests+full.Requests)
}

// addStore adds a figure of the services that the proxy asks, if it asks any.
func (b *bench) addStore(row, column string, value float64) {
	if value > 0 {
		b.results.Add(row, column, value)
	}
}

func (v variant) request(s *proxy.Server) load.Request {
	return load.Request{URL: s.URL + v.path, Headers: append([][2]string{credential}, v.headers...), Body: v.payload, Status: v.status}
}

// credential goes with every request: what carries none cannot fail.
var credential = [2]string{"Authorization", "Bearer bench"}

// steadily is a fixed number of requests at a fixed rate.
func (b *bench) steadily() load.Shape {
	s := steady
	s.Requests = int64(s.Rate * b.duration.Seconds())
	return s
}

func (b *bench) fully() load.Shape {
	s := saturating
	s.Duration = b.duration
	return s
}

// warm lets caches fill and heaps find their size.
func (b *bench) warm(request load.Request) error {
	s := saturating
	s.Duration = max(b.duration/2, 200*time.Millisecond)
	_, err := load.Run(request, s)
	return err
}

// usage is what the proxy and the services that it asks have used so far.
type usage struct{ proxy, store proxy.Usage }

func usageOf(s *proxy.Server) (usage, error) {
	own, err := s.Usage()
	if err != nil {
		return usage{}, err
	}
	asked, err := s.StoreUsage()
	return usage{own, asked}, err
}

// perRequest is the CPU that a request costs each of them.
type perRequest struct{ proxy, store float64 }

func (p perRequest) all() float64 { return p.proxy + p.store }

// loaded runs a load and returns what each of its requests cost.
func loaded(s *proxy.Server, request load.Request, shape load.Shape) (load.Result, perRequest, error) {
	before, err := usageOf(s)
	if err != nil {
		return load.Result{}, perRequest{}, err
	}
	result, err := load.Run(request, shape)
	if err != nil {
		return result, perRequest{}, fmt.Errorf("%w\n%s", err, s.Log())
	}
	after, err := usageOf(s)
	n := float64(result.Requests)
	return result, perRequest{
		proxy: micros(after.proxy.CPU-before.proxy.CPU) / n,
		store: micros(after.store.CPU-before.store.CPU) / n,
	}, err
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// confirm holds the counts against the requests that were sent. The filter hands
// its own over once a second.
func (v variant) confirm(s *proxy.Server, requests int64) error {
	if err := errors.Join(v.confirmQuotas(s, requests), v.confirmCredits(s, requests)); err != nil || v.counter == "" {
		return err
	}
	var counted int64
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var err error
		if counted, err = s.Stat(strings.ReplaceAll(v.counter, ".", `\.`)); err != nil {
			return err
		}
		if counted >= requests {
			return nil
		}
	}
	return fmt.Errorf("the filter counted %d of %d requests", counted, requests)
}
