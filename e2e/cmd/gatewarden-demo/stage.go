package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// stage is where scenes are played for people to watch.
type stage struct {
	ctx  context.Context
	out  io.Writer
	look style
}

// scene is one of them. It fails if anything else happens than what it shows.
type scene struct {
	title string
	play  func() error
}

func newStage(ctx context.Context, out io.Writer) stage {
	return stage{ctx: ctx, out: out, look: styleOf(out)}
}

// play stops at the first scene that does not go as it should.
func (s *stage) play(scenes []scene) error {
	for i, scene := range scenes {
		s.printf("\n%s\n", s.look.bold(foldText(fmt.Sprintf("%d. %s", i+1, scene.title), "   ")))
		if err := scene.play(); err != nil {
			s.printf("\n")
			return fmt.Errorf("this is not what should have happened: %w", err)
		}
		// Time to read, nothing else waits for it.
		if err := s.pause(700 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) pause(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *stage) printf(format string, args ...any) { say(s.out, format, args...) }

// status returns a status code in a colour that shows whether it is good or bad.
func (s *stage) status(code int) string {
	switch text := strconv.Itoa(code); {
	case code == http.StatusTooManyRequests:
		return s.look.red(text)
	case code < 300:
		return s.look.green(text)
	default:
		return text
	}
}
