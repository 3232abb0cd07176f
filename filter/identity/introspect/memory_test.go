package introspect

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/table"
)

// TestMemory compares the memory with a map that forgets nothing: the memory invents
// nothing, keeps nothing beyond its time, and has all of the last answers.
func TestMemory(t *testing.T) {
	names := table.New(&fakeProxy{}, table.Seed{1, 2, 3, 4}, 1)
	for seed := uint64(0); seed < 200; seed++ {
		random := rand.New(rand.NewPCG(seed, 1))
		most := 1 + random.IntN(8)
		m := newMemory(most)
		said := map[table.Key]memo{}
		var order []table.Key // of the first put since the key was evicted
		now := int64(1000)
		for range 200 {
			now += random.Int64N(20) - 3 // the clock may be stepped
			key := names.Key([]byte{byte(random.IntN(2 * most))})
			if random.IntN(2) == 0 {
				one := memo{key: key, since: now, until: now + random.Int64N(100), identity: caller.Identity{Credential: random.Uint64()}}
				m.put(key, one.since, one.until, &one.identity)
				if !slices.Contains(order, key) {
					order = append(order, key)
				}
				if len(order) > most {
					delete(said, order[0])
					order = order[1:]
				}
				said[key] = one
			}
			got := m.get(key, now)
			want, there := said[key]
			there = there && want.since <= now && now < want.until
			if (got != nil) != there || there && got.Credential != want.identity.Credential {
				t.Fatalf("seed %d: %+v, want %+v %v", seed, got, want, there)
			}
			if len(m.list) > most || len(m.places) > most {
				t.Fatalf("seed %d: %d answers and %d places, at most %d", seed, len(m.list), len(m.places), most)
			}
		}
	}
}
