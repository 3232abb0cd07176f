package fleet

import (
	"github.com/gatewarden/gatewarden/filter/fleet/message"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// request is a request to the service while it is made.
type request struct {
	names       []byte
	descriptors []message.Descriptor
}

// add adds a descriptor whose name is the last of names.
func (q *request) add(rule string, hits uint64) {
	q.descriptors = append(q.descriptors, message.Descriptor{Rule: rule, Hits: hits})
}

// addCounter adds a counter to the request.
func (r *Room) addCounter(c *Counter, window int64, generation, hits uint32) {
	r.request.names = r.appendName(r.request.names, c, window, generation)
	r.request.add(c.Rule.name, uint64(hits))
}

// addUnlock adds a counter of unlocks.
func (r *Room) addUnlock(c *Counter, hits uint32) {
	r.request.names = r.appendUnlock(r.request.names, c.Shared)
	r.request.add(r.unlock.name, uint64(hits))
}

// send makes the call whose request was made. It returns false if the proxy cannot.
func (r *Room) send(c *call, timeout int64) bool {
	c.timeout = timeout
	q := &r.request
	names, size := string(q.names), 0
	for i := range q.descriptors {
		end := size + len(names)/len(q.descriptors) // all names have the same length
		q.descriptors[i].Key = names[size:end]
		size = end
	}
	c.descriptors = len(q.descriptors)
	body := message.AppendRequest(nil, r.config.Domain, q.descriptors)
	q.names, q.descriptors = q.names[:0], q.descriptors[:0]
	number, ok := r.ports.CallGRPC(&proxy.GRPCCall{
		Cluster: r.config.Cluster, Service: serviceName, Method: methodName, Message: body, Timeout: timeout,
	})
	if !ok {
		return false
	}
	r.calls[number] = c
	return true
}
