package proxywasm

import (
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"
)

// TestStreamTable compares the table with a map, with streams that end in any order.
func TestStreamTable(t *testing.T) {
	type context struct {
		types.DefaultHttpContext
		id uint32
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var table streamTable
	model := map[uint32]types.HttpContext{}
	for step := range 20_000 {
		id := rng.Uint32N(3 * streamLists)
		switch {
		case rng.IntN(2) == 0:
			if got := table.find(id); got != model[id] {
				t.Fatalf("step %d: stream %d is %v, want %v", step, id, got, model[id])
			}
		case model[id] == nil:
			model[id] = &context{id: id}
			table.add(id, model[id])
		default:
			delete(model, id)
			table.remove(id)
		}
	}
	for id := range uint32(3 * streamLists) {
		if got := table.find(id); got != model[id] {
			t.Errorf("stream %d is %v, want %v", id, got, model[id])
		}
	}
}

func TestStreamsToComeAllocateNothing(t *testing.T) {
	var table streamTable
	var id uint32
	context := &types.DefaultHttpContext{}
	if n := testing.AllocsPerRun(100, func() {
		id++
		table.add(id, context)
		table.remove(id)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// len counts the streams.
func (t *streamTable) len() (n int) {
	for _, e := range t.lists {
		for ; e != nil; e = e.next {
			n++
		}
	}
	return n
}
