package filter

import (
	"math/rand/v2"
	"testing"

	"github.com/gatewarden/gatewarden/table"
)

// TestAnswers holds what is remembered against a map that forgets nothing: nothing
// is made up, nothing outlives its time, and the last ones are all there.
func TestAnswers(t *testing.T) {
	names := table.New(&fakeHost{}, testSeed, 1)
	for seed := uint64(0); seed < 200; seed++ {
		random := rand.New(rand.NewPCG(seed, 1))
		most := 1 + random.IntN(8)
		a := newAnswers(most)
		said := map[table.Key]answer{}
		var order []table.Key // by when they were put first since they were pushed out
		now := int64(1000)
		for range 200 {
			now += random.Int64N(20) - 3 // the clock may be stepped
			key := names.Key([]byte{byte(random.IntN(2 * most))})
			if random.IntN(2) == 0 {
				one := answer{key: key, since: now, until: now + random.Int64N(100), identity: identity{credential: random.Uint64()}}
				a.put(one)
				if !has(order, key) {
					order = append(order, key)
				}
				if len(order) > most {
					delete(said, order[0])
					order = order[1:]
				}
				said[key] = one
			}
			got, found := a.get(key, now)
			want, there := said[key]
			there = there && want.since <= now && now < want.until
			if found != there || found && got.credential != want.identity.credential {
				t.Fatalf("seed %d: %+v %v, want %+v %v", seed, got, found, want, there)
			}
			if len(a.list) > most || len(a.places) > most {
				t.Fatalf("seed %d: %d answers and %d places, at most %d", seed, len(a.list), len(a.places), most)
			}
		}
	}
}

func has(list []table.Key, key table.Key) bool {
	for _, k := range list {
		if k == key {
			return true
		}
	}
	return false
}
