package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/gatewarden/gatewarden/cmd/gatewarden/internal/accesslog"
)

// progress says on a terminal how far the reading has come. Elsewhere it is silent.
type progress struct {
	out   io.Writer // nil where nobody watches
	size  int64     // of all logs, 0 if that is not known
	began time.Time
	last  time.Time
}

const progressEvery = 200 * time.Millisecond

func newProgress(out io.Writer, quiet bool, size int64) *progress {
	now := time.Now()
	p := &progress{size: size, began: now, last: now}
	if file, ok := out.(*os.File); ok && !quiet && isatty.IsTerminal(file.Fd()) {
		p.out = out
	}
	return p
}

func (p *progress) show(r *accesslog.Reader) {
	if p.out == nil || time.Since(p.last) < progressEvery {
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s", progressLine(r.Counts().Lines, r.Read(), p.size, time.Since(p.began)))
}

// end leaves nothing of it behind.
func (p *progress) end() {
	if p.out != nil {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// progressLine says how many lines were read, how fast, and how much of size is left.
func progressLine(lines int, read, size int64, took time.Duration) string {
	rate := float64(lines) / took.Seconds()
	line := fmt.Sprintf("%d lines, %.0f a second", lines, rate)
	if size == 0 || read == 0 {
		return line
	}
	part := min(float64(read)/float64(size), 1)
	left := time.Duration(float64(took) * (1 - part) / part).Round(time.Second)
	return fmt.Sprintf("%3.0f %%, %s, %v left", part*100, line, left)
}
