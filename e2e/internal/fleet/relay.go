package fleet

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Relay passes connections on to a program, and can disturb them.
//
// A partition is imitated: what is sent stays where it is, as with a peer whose packets
// are lost, and arrives when the partition is healed. New connections are taken, by the
// system, and nothing more comes.
type Relay struct {
	// Address is where it listens, host:port.
	Address string

	listener net.Listener
	mu       sync.Mutex
	changed  *sync.Cond
	target   string
	trouble  Trouble
	open     map[net.Conn]bool
	closed   bool
}

// Trouble is what happens to connections.
type Trouble struct {
	// Delay is how much later every answer arrives.
	Delay time.Duration
	// Partition lets nothing through, in either direction.
	Partition bool
	// Garbage is what comes in place of an answer.
	Garbage []byte
	// Reset cuts the connection, with half of an answer.
	Reset bool
}

// newRelay listens in front of a target, host:port.
func newRelay(target string) (*Relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{Address: listener.Addr().String(), listener: listener, target: target, open: map[net.Conn]bool{}}
	r.changed = sync.NewCond(&r.mu)
	go r.accept()
	return r, nil
}

// Disturb makes trouble, at once and for connections that are open, until [Relay.Heal].
func (r *Relay) Disturb(t Trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = t
	r.changed.Broadcast()
}

// Heal ends the trouble.
func (r *Relay) Heal() { r.Disturb(Trouble{}) }

// Redirect passes on to another target from now on, and cuts open connections.
func (r *Relay) Redirect(target string) {
	r.mu.Lock()
	r.target = target
	r.mu.Unlock()
	r.cut()
}

// Close ends the relay and its connections.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	r.changed.Broadcast()
	r.mu.Unlock()
	_ = r.listener.Close()
	r.cut()
}

func (r *Relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Close()
	}
}

func (r *Relay) accept() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		go r.pass(near)
	}
}

// pass serves a connection. If the target cannot be reached, it is reset.
func (r *Relay) pass(near net.Conn) {
	_, target := r.calm()
	far, err := net.DialTimeout("tcp", target, time.Second)
	if err != nil {
		reset(near)
		return
	}
	if !r.keep(near, far) {
		return
	}
	defer r.forget(near, far)
	var group sync.WaitGroup
	group.Go(func() { r.requests(near, far) })
	group.Go(func() { r.answers(far, near) })
	group.Wait()
}

// calm waits until nothing is held back.
func (r *Relay) calm() (t Trouble, target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.trouble.Partition && !r.closed {
		r.changed.Wait()
	}
	return r.trouble, r.target
}

func (r *Relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.closed {
			_ = c.Close()
			continue
		}
		r.open[c] = true
	}
	return !r.closed
}

func (r *Relay) forget(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(r.open, c)
	}
}

// requests passes on what the proxy sends.
func (r *Relay) requests(near, far net.Conn) {
	defer func() { _ = errors.Join(near.Close(), far.Close()) }()
	b := make([]byte, 64<<10)
	for {
		n, err := near.Read(b)
		trouble, _ := r.calm()
		if n > 0 && trouble.Garbage != nil {
			_, err = near.Write(trouble.Garbage)
		} else if n > 0 {
			_, err = far.Write(b[:n])
		}
		if err != nil {
			return
		}
	}
}

// piece is a part of an answer, and when it is to arrive.
type piece struct {
	at      time.Time
	trouble Trouble
	bytes   []byte
}

// answers passes on what the service answers. A delay keeps pieces in a queue, so that it
// is not a bound on how many come.
func (r *Relay) answers(far, near net.Conn) {
	queue := make(chan piece, 1024)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer close(queue)
		b := make([]byte, 64<<10)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			trouble, _ := r.calm()
			p := piece{at: time.Now().Add(trouble.Delay), trouble: trouble, bytes: append([]byte(nil), b[:n]...)}
			select {
			case queue <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer func() { _ = errors.Join(near.Close(), far.Close()) }()
	for p := range queue {
		if deliver(near, p) != nil {
			return
		}
	}
}

func deliver(near net.Conn, p piece) error {
	time.Sleep(time.Until(p.at))
	switch {
	case p.trouble.Reset:
		_, err := near.Write(p.bytes[:len(p.bytes)/2])
		reset(near)
		return errors.Join(err, io.ErrClosedPipe)
	case p.trouble.Garbage != nil:
		return nil
	}
	_, err := near.Write(p.bytes)
	return err
}

// reset closes a connection so that the peer sees a reset, and not an end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
