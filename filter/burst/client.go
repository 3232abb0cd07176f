package burst

import "github.com/gatewarden/gatewarden/table"

// client is what one client has under way on one surface.
type client struct {
	key table.Key
	// attempts is how many guesses are under way; left is how many failures the client
	// has left, as far as this worker knows.
	attempts, left uint32
	// places are those among the attempts whose credential is known.
	places []place
	// head and tail are the first and the last of those that wait.
	head, tail *State
	waiting    uint32
	next       *client // in the same list of clients
}

// place is a credential that requests under way present.
type place struct {
	credential table.Key
	requests   uint32
}

// busy tells whether as many attempts are under way as half of the failures that are
// left. From then on it is worth knowing which of them present the same credential.
func (c *client) busy() bool { return uint64(c.attempts)*2 >= uint64(c.left) }

// holds returns the place of a credential, nil if no request under way is known to
// present it.
func (c *client) holds(credential table.Key) *place {
	if credential == (table.Key{}) {
		return nil
	}
	for i := range c.places {
		if c.places[i].credential == credential {
			return &c.places[i]
		}
	}
	return nil
}

// take takes a place for a request. A zero credential shares its place with no other.
func (c *client) take(credential table.Key) {
	if p := c.holds(credential); p != nil {
		p.requests++
		return
	}
	c.attempts++
	if credential != (table.Key{}) {
		c.places = append(c.places, place{credential, 1})
	}
}

// give gives the place of a request back.
func (c *client) give(credential table.Key) {
	if p := c.holds(credential); p != nil {
		if p.requests--; p.requests > 0 {
			return
		}
		last := len(c.places) - 1
		*p = c.places[last]
		c.places = c.places[:last]
	}
	c.attempts--
}

// queue puts a request at the end of those that wait.
func (c *client) queue(s *State) {
	s.previous, s.next = c.tail, nil
	if c.tail == nil {
		c.head = s
	} else {
		c.tail.next = s
	}
	c.tail = s
	c.waiting++
}

// unqueue takes a request out of those that wait.
func (c *client) unqueue(s *State) {
	if s.previous == nil {
		c.head = s.next
	} else {
		s.previous.next = s.next
	}
	if s.next == nil {
		c.tail = s.previous
	} else {
		s.next.previous = s.previous
	}
	s.previous, s.next = nil, nil
	c.waiting--
}
