package proxywasm

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// Blocks are as long as asked for and share no byte with one another, whether they
// fit or not.
func TestBlocksAreApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var a arena
	for round := range 100 {
		a.reset()
		var blocks [][]byte
		for i := range 100 {
			n := []int{0, 1, 3, 300, 1000, arenaSize, arenaSize + 1}[rng.IntN(7)]
			b := a.take(n)
			if len(b) != max(n, 1) || cap(b) != len(b) || unsafe.SliceData(b) == nil {
				t.Fatalf("round %d, block %d of %d bytes: length %d, capacity %d", round, i, n, len(b), cap(b))
			}
			for j := range b {
				b[j] = byte(i)
			}
			blocks = append(blocks, b)
		}
		for i, b := range blocks {
			for _, c := range b {
				if c != byte(i) {
					t.Fatalf("round %d: block %d was overwritten", round, i)
				}
			}
		}
	}
}

func TestResultsOfACallbackAllocateNothing(t *testing.T) {
	var a arena
	allocations := testing.AllocsPerRun(100, func() {
		a.reset()
		for _, n := range []int{8000, 20, 3, 800} {
			a.take(n)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
