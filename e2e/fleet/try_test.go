package fleet

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
)

func TestTry(t *testing.T) {
	t0 := time.Now()
	l, err := fleet.Open(context.Background(), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("open", time.Since(t0))
	t0 = time.Now()
	s, err := l.Stand(context.Background(), fleet.Options{
		Domain:   fleet.Domain("gatewarden", fleet.Limit{fleet.BaselineFailures, 4, "minute"}, fleet.Limit{fleet.BaselineRequests, 4, "minute"}),
		Variants: []fleet.Variant{fleet.Bare, fleet.CountingFailures("failures", "gatewarden", "0.02s"), fleet.CountingRequests("requests", "gatewarden", "0.02s")},
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("stand", time.Since(t0))
	for _, v := range []string{"bare", "failures", "requests"} {
		client := fleet.NewClient()
		for i := range 9 {
			a, err := fleet.Dial(s.Proxies[i%3][v]).Get(client, fleet.NewGuess())
			fmt.Println(v, a, err)
		}
	}
	fmt.Println(s.Service.Calls(context.Background()))
	t0 = time.Now()
	s.Close()
	fmt.Println("stand closed", time.Since(t0))
	fmt.Println(l.Close())
	fmt.Println(time.Since(t0))
}
