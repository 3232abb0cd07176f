// Package wait turns "it will be so in a moment" into a condition with a
// deadline, so that nothing has to sleep and hope.
package wait

import (
	"context"
	"fmt"
	"time"
)

// Interval is the time between two looks at a condition.
const Interval = 20 * time.Millisecond

// Until calls cond until it holds or ctx ends. An error from cond is final.
func Until(ctx context.Context, what string, cond func() (bool, error)) error {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		ok, err := cond()
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s in vain: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
