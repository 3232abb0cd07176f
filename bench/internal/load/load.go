// Package load drives a proxy with fortio, and holds every answer to what it
// should be: a benchmark that measures errors measures nothing.
//
// Pace, threads and histograms are fortio's. The connection is this package's
// own: fortio's closes it after each answer that is not 2xx, so that a refusal
// would cost a new connection, and it cannot send another header each time.
package load

import (
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"fortio.org/fortio/periodic"
	"fortio.org/log"
)

// Request is what is sent, again and again.
type Request struct {
	URL     string
	Headers [][2]string
	// Body is sent by POST; without one, it is GET.
	Body string
	// Status that every answer must have.
	Status int
	// Turns is a header that differs from request to request, if any does.
	Turns Turns
}

// Turns are the values of a header, which requests have in turn.
type Turns struct {
	Header string
	Count  int // 0: there is no such header
	// From is the value of the first request, so that one run goes on where
	// another ended.
	From uint64
	// Append writes the i-th value.
	Append func(out []byte, i uint64) []byte
}

// Addresses are so many clients, by X-Forwarded-For.
func Addresses(count int) Turns {
	return Turns{Header: "X-Forwarded-For", Count: count, Append: func(out []byte, i uint64) []byte {
		return addressOf(i).AppendTo(out)
	}}
}

// Names are so many values of a header: n0, n1 and so on.
func Names(header string, count int) Turns {
	return Turns{Header: header, Count: count, Append: func(out []byte, i uint64) []byte {
		return strconv.AppendUint(append(out, 'n'), i, 10)
	}}
}

// Shape is how it is sent.
type Shape struct {
	Connections int
	// Rate is in requests a second for all connections, 0 for as many as the
	// proxy can take.
	Rate float64
	// Requests or Duration ends the run; Requests goes first.
	Requests int64
	Duration time.Duration
}

// Result of a run.
type Result struct {
	Requests int64
	Duration time.Duration
	P50, P99 time.Duration
}

// Rate is in requests a second.
func (r Result) Rate() float64 { return float64(r.Requests) / r.Duration.Seconds() }

// Run sends a request over and over. The first wrong answer is its error.
func Run(request Request, shape Shape) (Result, error) {
	log.SetLogLevelQuiet(log.Critical)
	o := periodic.RunnerOptions{
		QPS:        shape.Rate,
		NumThreads: shape.Connections,
		Duration:   shape.Duration,
		Exactly:    shape.Requests,
		Resolution: 1e-6,
		Out:        io.Discard,
		Uniform:    true, // the connections take turns
	}
	if shape.Rate == 0 {
		o.QPS = -1
	}
	runner := periodic.NewPeriodicRunner(&o)
	defer runner.Options().Abort()
	shared := &shared{request: request}
	for i := range runner.Options().Runners {
		c, err := dial(shared)
		if err != nil {
			return Result{}, err
		}
		defer c.close()
		runner.Options().Runners[i] = c
	}
	ran := runner.Run()
	if failure := shared.failure.Load(); failure != nil {
		return Result{}, *failure
	}
	percentile := func(p float64) time.Duration {
		return time.Duration(ran.DurationHistogram.CalcPercentile(p) * float64(time.Second))
	}
	return Result{
		Requests: ran.DurationHistogram.Count,
		Duration: ran.ActualDuration,
		P50:      percentile(50),
		P99:      percentile(99),
	}, nil
}

// shared is what the connections of a run have in common.
type shared struct {
	request Request
	sent    atomic.Uint64
	failure atomic.Pointer[error]
}
