package fleet

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo answers everything with the same, after its name.
func echo(t *testing.T, name string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				b := make([]byte, 100)
				for {
					n, err := conn.Read(b)
					if err != nil {
						return
					}
					if _, err := conn.Write([]byte(name + string(b[:n]))); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// patient is how long a test waits for what is to come, hasty for what is not.
const patient, hasty = 10 * time.Second, 50 * time.Millisecond

type talk struct {
	net.Conn
	t *testing.T
}

func call(t *testing.T, r *Relay) talk {
	t.Helper()
	c, err := net.Dial("tcp", r.Address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return talk{c, t}
}

func (c talk) say(text string) {
	c.t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(c.t, err)
}

func (c talk) hear(limit time.Duration) (string, error) {
	c.t.Helper()
	require.NoError(c.t, c.SetReadDeadline(time.Now().Add(limit)))
	b := make([]byte, 100)
	n, err := c.Read(b)
	return string(b[:n]), err
}

func (c talk) hears(want string) {
	c.t.Helper()
	got, err := c.hear(patient)
	require.NoError(c.t, err)
	assert.Equal(c.t, want, got)
}

func TestRelay(t *testing.T) {
	r, err := newRelay(echo(t, "one:"))
	require.NoError(t, err)
	t.Cleanup(r.Close)

	t.Run("passes on", func(t *testing.T) {
		c := call(t, r)
		c.say("a")
		c.hears("one:a")
	})
	t.Run("delays answers", func(t *testing.T) {
		c := call(t, r)
		r.Disturb(Trouble{Delay: 100 * time.Millisecond})
		defer r.Heal()
		began := time.Now()
		c.say("a")
		c.hears("one:a")
		assert.GreaterOrEqual(t, time.Since(began), 100*time.Millisecond)
	})
	t.Run("holds everything in a partition, and delivers it when that is healed", func(t *testing.T) {
		before := call(t, r)
		before.say("a")
		before.hears("one:a")
		r.Disturb(Trouble{Partition: true})
		during := call(t, r)
		for _, c := range []talk{before, during} {
			c.say("b")
			_, err := c.hear(hasty)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		}
		r.Heal()
		before.hears("one:b")
		during.hears("one:b")
	})
	t.Run("answers garbage", func(t *testing.T) {
		c := call(t, r)
		r.Disturb(Trouble{Garbage: []byte("garbage")})
		defer r.Heal()
		c.say("a")
		c.hears("garbage")
	})
	t.Run("resets in mid-answer", func(t *testing.T) {
		c := call(t, r)
		r.Disturb(Trouble{Reset: true})
		defer r.Heal()
		c.say(strings.Repeat("a", 16))
		var got string
		var err error
		for err == nil {
			var piece string
			piece, err = c.hear(patient)
			got += piece
		}
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		assert.Less(t, len(got), len("one:")+16)
	})
	t.Run("passes on to another", func(t *testing.T) {
		c := call(t, r)
		c.say("a")
		c.hears("one:a")
		r.Redirect(echo(t, "two:"))
		_, err := c.hear(patient)
		assert.True(t, errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET), err)
		c = call(t, r)
		c.say("a")
		c.hears("two:a")
	})
	t.Run("resets where nobody listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		r.Redirect(listener.Addr().String())
		require.NoError(t, listener.Close())
		_, err = call(t, r).hear(patient)
		assert.ErrorIs(t, err, syscall.ECONNRESET)
	})
}
