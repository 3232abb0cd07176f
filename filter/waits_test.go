package filter

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/internal/fakehost"
)

// TestRandomWaits begins requests, ends them and answers at random. Each token is asked about
// once at a time, a request that waits goes on exactly once, and one that has ended never does.
// The server gives no answer, so that nothing is remembered. That requests go on before others
// are answered by the service is not what is tested here.
func TestRandomWaits(t *testing.T) {
	for seed := uint64(0); seed < 300; seed++ {
		random := rand.New(rand.NewPCG(seed, 2))
		f, host := newAsker(t, strings.Replace(askConfig(`"on_error": "anonymous", `, ""), "{", `{"burst": {"hold": "off"}, `, 1))
		waiting := map[string][]*Stream{} // by token
		numbers := map[string]uint32{}    // of the calls that are not answered
		for range 200 {
			token := strconv.Itoa(random.IntN(4))
			switch move := random.IntN(10); {
			case move < 6:
				calls := len(host.Sent)
				s, _ := begin(f, host, "/open", token)
				waiting[token] = append(waiting[token], s)
				if _, asked := numbers[token]; !asked {
					calls++
					numbers[token] = uint32(calls)
				}
				if len(host.Sent) != calls || !s.identity.Waits() {
					t.Fatalf("seed %d: %d calls, want %d", seed, len(host.Sent), calls)
				}
			case move < 8 && len(waiting[token]) > 0:
				i := random.IntN(len(waiting[token]))
				waiting[token][i].Done()
				waiting[token][i].Reset()
				waiting[token] = slices.Delete(waiting[token], i, i+1)
			default:
				answerAll(t, f, host, numbers[token], waiting[token])
				delete(waiting, token)
				delete(numbers, token)
			}
		}
	}
}

// answerAll answers a call, if there is one, and checks which requests go on.
func answerAll(t *testing.T, f *Filter, host *fakehost.Host, number uint32, waiting []*Stream) {
	t.Helper()
	var want []uint32
	for _, s := range waiting {
		want = append(want, s.ID)
	}
	host.Resumed = nil
	host.CallStatus = "503"
	f.Answered(number, 0)
	slices.Sort(want)
	slices.Sort(host.Resumed)
	if !slices.Equal(host.Resumed, want) {
		t.Fatalf("%v went on, want %v", host.Resumed, want)
	}
}
