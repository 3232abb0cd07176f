package burst

import "github.com/gatewarden/gatewarden/table"

// buckets is how many lists the clients of a worker are spread over: few of its clients
// have a request under way at the same time. It is a power of two.
const buckets = 1024

// clients are those that have something under way, by their keys. Each request that may
// fail adds its client and removes it again, which takes a map of TinyGo several times as
// long. Keys are hashes with a secret, so nobody can aim at a list.
type clients struct {
	lists []*client
	count int
}

func newClients() clients { return clients{lists: make([]*client, buckets)} }

// list returns where the list begins that a client belongs to.
func (c *clients) list(key table.Key) **client {
	return &c.lists[key.Fingerprint()%buckets]
}

// find returns a client, or nil.
func (c *clients) find(key table.Key) *client {
	for found := *c.list(key); found != nil; found = found.next {
		if found.key == key {
			return found
		}
	}
	return nil
}

// add adds a client that is not there.
func (c *clients) add(added *client) {
	list := c.list(added.key)
	added.next, *list = *list, added
	c.count++
}

// remove removes a client that is there.
func (c *clients) remove(removed *client) {
	for at := c.list(removed.key); *at != nil; at = &(*at).next {
		if *at == removed {
			*at, removed.next = removed.next, nil
			c.count--
			return
		}
	}
}

// each calls do for each client. do may remove the client, and no other.
func (c *clients) each(do func(*client)) {
	for i := range c.lists {
		for found := c.lists[i]; found != nil; {
			next := found.next
			do(found)
			found = next
		}
	}
}
