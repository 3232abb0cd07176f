package accesslog

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

const (
	// chunkSize is how much of a file is read and parsed at once, at the most.
	chunkSize = 128 << 10
	// maxLine is how long a line may be. Envoy's headers have 60 KiB.
	maxLine = 1 << 20
)

// chunks cuts a file into pieces of whole lines.
type chunks struct {
	in     io.Reader
	buffer []byte // scratch: what is read
	rest   []byte // the begin of a line
	line   int    // how many lines came before
}

// chunk is a piece of a file.
type chunk struct {
	text string
	line int // the number of its first line
	// long are lines in front of it that were too long to be kept.
	long []int
}

// next returns the next chunk. Its error is io.EOF behind the last one.
func (c *chunks) next() (chunk, error) {
	c.buffer = append(c.buffer[:0], c.rest...)
	out := chunk{line: c.line + 1}
	for {
		read := len(c.buffer)
		c.buffer = slices.Grow(c.buffer, chunkSize)[:read+chunkSize]
		n, err := c.in.Read(c.buffer[read:]) // what is there: a pipe may have no more
		c.buffer = c.buffer[:read+n]
		if err != nil {
			return c.finish(out, c.buffer, err)
		}
		if end := bytes.LastIndexByte(c.buffer, '\n'); end >= 0 {
			c.rest = append(c.rest[:0], c.buffer[end+1:]...)
			out.text = string(c.buffer[:end+1])
			c.line += bytes.Count(c.buffer[:end+1], []byte{'\n'})
			return out, nil
		}
		if len(c.buffer) <= maxLine {
			continue
		}
		out.long = append(out.long, c.line+1)
		if err := c.skipLine(); err != nil {
			return c.finish(out, nil, err)
		}
		c.line++
		out.line = c.line + 1
		c.buffer = append(c.buffer[:0], c.rest...)
	}
}

// finish makes the last chunk of what was read before an error.
func (c *chunks) finish(out chunk, buffer []byte, err error) (chunk, error) {
	c.rest = c.rest[:0]
	if len(buffer) == 0 && len(out.long) == 0 {
		return chunk{}, err
	}
	if errors.Is(err, io.EOF) {
		err = nil // the next call says so
	}
	out.text = string(buffer)
	c.line += bytes.Count(buffer, []byte{'\n'})
	return out, err
}

// skipLine forgets the rest of a line, and keeps what was read behind it.
func (c *chunks) skipLine() error {
	piece := make([]byte, chunkSize)
	for {
		n, err := c.in.Read(piece)
		if end := bytes.IndexByte(piece[:n], '\n'); end >= 0 {
			c.rest = append(c.rest[:0], piece[end+1:n]...)
			return nil
		}
		if err != nil {
			return err
		}
	}
}
