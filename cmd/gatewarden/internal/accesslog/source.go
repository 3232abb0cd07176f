package accesslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// source is one file, read ahead by a few chunks.
type source struct {
	name string
	// ahead are the chunks in their order; each is parsed when its channel has
	// something.
	ahead chan chan parsed
	// read counts the bytes of the file, compressed as it is.
	read *atomic.Int64

	records []Record // that were not taken yet
	ended   bool
}

type parsed struct {
	batch *Batch
	err   error
}

// readAhead is how many chunks of one file may wait.
const readAhead = 4

// job is a chunk to be parsed.
type job struct {
	file string
	chunk
	into chan<- parsed
}

// open begins to read a file. The workers that take jobs parse its chunks.
func open(ctx context.Context, name string, in io.Reader, jobs chan<- job, read *atomic.Int64) *source {
	s := &source{name: name, ahead: make(chan chan parsed, readAhead), read: read}
	go func() {
		defer close(s.ahead)
		if err := s.cut(ctx, &counting{in, read}, jobs); err != nil {
			failed := make(chan parsed, 1)
			failed <- parsed{err: fmt.Errorf("%s: %w", name, err)}
			select {
			case s.ahead <- failed:
			case <-ctx.Done():
			}
		}
	}()
	return s
}

// cut hands out a file's chunks until its end.
func (s *source) cut(ctx context.Context, in io.Reader, jobs chan<- job) error {
	plain, err := decompress(in)
	if err != nil {
		return err
	}
	for c := (chunks{in: plain}); ; {
		piece, err := c.next()
		if piece.text != "" || len(piece.long) > 0 {
			into := make(chan parsed, 1)
			select {
			case s.ahead <- into:
			case <-ctx.Done():
				return nil
			}
			select {
			case jobs <- job{s.name, piece, into}:
			case <-ctx.Done():
				return nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// fill reads records until there is one to take, and returns what it read. At the end of
// the file there is none.
func (s *source) fill(ctx context.Context, into *Batch) error {
	for len(s.records) == 0 && !s.ended {
		var next chan parsed
		select {
		case n, more := <-s.ahead:
			if !more {
				s.ended = true
				return nil
			}
			next = n
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case p := <-next:
			if p.err != nil {
				return p.err
			}
			s.records = p.batch.Records
			into.add(p.batch.Counts)
			into.Problems = append(into.Problems, p.batch.Problems...)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// counting counts what is read.
type counting struct {
	io.Reader
	n *atomic.Int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}
