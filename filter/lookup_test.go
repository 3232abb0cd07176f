package filter

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// TestRandomWaits begins, leaves and answers at random: each token is asked about
// once at a time, who stays goes on exactly once, and who left never does. The
// server says nothing, so that nothing is remembered.
func TestRandomWaits(t *testing.T) {
	for seed := uint64(0); seed < 300; seed++ {
		random := rand.New(rand.NewPCG(seed, 2))
		f, host := newAsker(t, askConfig(`"on_error": "anonymous", `, ""))
		waiting := map[string][]*Stream{} // by token
		numbers := map[string]uint32{}    // of the calls that are not answered
		for range 200 {
			token := strconv.Itoa(random.IntN(4))
			switch move := random.IntN(10); {
			case move < 6:
				calls := len(host.sent)
				s, _ := begin(f, host, "/open", token)
				waiting[token] = append(waiting[token], s)
				if _, asked := numbers[token]; !asked {
					calls++
					numbers[token] = uint32(calls)
				}
				if len(host.sent) != calls || s.inquiry.lookup == nil {
					t.Fatalf("seed %d: %d calls, want %d", seed, len(host.sent), calls)
				}
			case move < 8 && len(waiting[token]) > 0:
				i := random.IntN(len(waiting[token]))
				waiting[token][i].Done(host)
				waiting[token][i].Reset()
				waiting[token] = slices.Delete(waiting[token], i, i+1)
			default:
				answerAll(t, f, host, numbers[token], waiting[token])
				delete(waiting, token)
				delete(numbers, token)
			}
			if n := len(numbers); len(f.lookups.byKey) != n || len(f.lookups.byNumber) != n {
				t.Fatalf("seed %d: %d and %d look-ups, want %d", seed, len(f.lookups.byKey), len(f.lookups.byNumber), n)
			}
		}
	}
}

// answerAll answers a call, if there is one, and looks who goes on.
func answerAll(t *testing.T, f *Filter, host *fakeHost, number uint32, waiting []*Stream) {
	t.Helper()
	var want []uint32
	for _, s := range waiting {
		want = append(want, s.ID)
	}
	host.resumed = nil
	host.answerStatus = "503"
	f.Answered(host, number, 0)
	slices.Sort(want)
	slices.Sort(host.resumed)
	if !slices.Equal(host.resumed, want) {
		t.Fatalf("%v went on, want %v", host.resumed, want)
	}
}
