package accesslog

import (
	"context"
	"io"
	"runtime"
	"sync/atomic"
)

// File is one log.
type File struct {
	Name string
	io.Reader
}

// Reader reads several logs as one, in the order in which their requests ended:
// rotated ones, whatever their order, and those of several proxies.
type Reader struct {
	sources []*source
	jobs    chan job
	stop    context.CancelFunc
	read    atomic.Int64

	counts   Counts
	problems []Problem
}

// Open begins to read. Close ends it, and must be called.
func (p *Parser) Open(ctx context.Context, files []File) *Reader {
	ctx, stop := context.WithCancel(ctx)
	r := &Reader{jobs: make(chan job), stop: stop}
	for _, file := range files {
		r.sources = append(r.sources, open(ctx, file.Name, file.Reader, r.jobs, &r.read))
	}
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for {
				select {
				case j := <-r.jobs:
					j.into <- parsed{batch: p.parseChunk(j.file, j.chunk)}
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	return r
}

// Close ends the reading. The files are the caller's to close.
func (r *Reader) Close() { r.stop() }

// Counts are the numbers of lines up to now, Problems the first unreadable ones.
func (r *Reader) Counts() Counts { return r.counts }

// Problems are the first unreadable lines.
func (r *Reader) Problems() []Problem { return r.problems }

// Read is how many bytes were read of the files. It may be asked at any time.
func (r *Reader) Read() int64 { return r.read.Load() }

// Next returns the next records in their order; its error is io.EOF behind the last
// ones.
func (r *Reader) Next(ctx context.Context) ([]Record, error) {
	for _, s := range r.sources {
		if err := r.fill(ctx, s); err != nil {
			return nil, err
		}
	}
	first, second := r.first()
	if first == nil {
		return nil, io.EOF
	}
	n := len(first.records)
	if second != nil {
		n = 1
		for n < len(first.records) && first.records[n].Ended <= second.records[0].Ended {
			n++
		}
	}
	next := first.records[:n]
	first.records = first.records[n:]
	return next, nil
}

// first are the two sources whose next requests ended first.
func (r *Reader) first() (first, second *source) {
	for _, s := range r.sources {
		switch {
		case len(s.records) == 0:
		case first == nil || s.records[0].Ended < first.records[0].Ended:
			first, second = s, first
		case second == nil || s.records[0].Ended < second.records[0].Ended:
			second = s
		}
	}
	return first, second
}

// fill reads on in a source if it has nothing left.
func (r *Reader) fill(ctx context.Context, s *source) error {
	if len(s.records) > 0 || s.ended {
		return nil
	}
	var b Batch
	err := s.fill(ctx, &b)
	r.counts.add(b.Counts)
	r.problems = append(r.problems, b.Problems[:min(len(b.Problems), maxProblems-len(r.problems))]...)
	return err
}
