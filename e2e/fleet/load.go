package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

// Latency is how long requests of a variant took, all with a right credential.
type Latency struct {
	Variant string
	Took    []time.Duration
	// Calls is how many calls the service had.
	Calls uint64
}

// Load sends requests of users to all variants, in rounds in which each has its turn, in
// an order of chance: what else the machine does concerns them all. At each proxy, one
// request is sent when the one before was answered.
func Load(ctx context.Context, s *fleet.Stand, variants []string, rounds int, each time.Duration) ([]Latency, error) {
	results := make([]Latency, len(variants))
	users := make([]string, 300)
	for i := range users {
		users[i] = fleet.NewClient()
	}
	for round := range rounds + 1 {
		for _, i := range rand.Perm(len(variants)) {
			results[i].Variant = variants[i]
			before, err := s.Calls(ctx)
			if err != nil {
				return nil, err
			}
			took, err := turn(s, variants[i], users, each)
			if err != nil {
				return nil, err
			}
			after, err := s.Calls(ctx)
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first is for warming up
				results[i].Took = append(results[i].Took, took...)
				results[i].Calls += after - before
			}
		}
	}
	return results, nil
}

// turn is one variant's part of a round.
func turn(s *fleet.Stand, variant string, users []string, each time.Duration) (all []time.Duration, err error) {
	conns := connect(s, variant)
	defer closeAll(conns)
	took, failed := make([][]time.Duration, len(conns)), make([]error, len(conns))
	var group sync.WaitGroup
	for i, c := range conns {
		group.Go(func() {
			for n, end := 0, time.Now().Add(each); time.Now().Before(end) && failed[i] == nil; n++ {
				var answer fleet.Answer
				if answer, failed[i] = c.Get(users[n%len(users)], fleet.Right); answer.Status == http.StatusOK {
					took[i] = append(took[i], answer.Took)
				} else {
					failed[i] = errors.Join(failed[i], errors.New("a user was refused"))
				}
			}
		})
	}
	group.Wait()
	for i := range took {
		all = append(all, took[i]...)
	}
	return all, errors.Join(failed...)
}
