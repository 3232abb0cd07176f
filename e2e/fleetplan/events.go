package fleetplan

// happening is a kind of event.
type happening uint8

const (
	request  happening = iota // an honest one, at a worker
	guess                     // of an address
	asked                     // the service answers a guess that waits
	refused                   // the guarded service refuses a guess
	arrived                   // a call is at the service
	answered                  // its answer is at the worker
)

// event is what happens at a time: to an address, at a worker.
type event struct {
	at      float64
	what    happening
	worker  int32
	address int32
}

// queue has the events to come, the next one first.
type queue []event

func (q *queue) push(e event) {
	*q = append(*q, e)
	list := *q
	i := len(list) - 1
	for i > 0 && list[(i-1)/2].at > list[i].at {
		list[i], list[(i-1)/2] = list[(i-1)/2], list[i]
		i = (i - 1) / 2
	}
}

func (q *queue) pop() event {
	list := *q
	first, last := list[0], len(list)-1
	list[0] = list[last]
	list = list[:last]
	*q = list
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && list[child+1].at < list[child].at {
			child++
		}
		if child >= last || list[i].at <= list[child].at {
			return first
		}
		list[i], list[child] = list[child], list[i]
		i = child
	}
}
