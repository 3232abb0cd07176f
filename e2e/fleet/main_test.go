package fleet

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/fleet"
	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

// lab has the proxies of all tests.
var lab *fleet.Lab

func TestMain(m *testing.M) {
	flag.Parse()
	// Most of the time, tests wait: for windows to end, for the service to be asked again.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	var err error
	if lab, err = fleet.Open(context.Background(), 3, 2); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := lab.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		code = 1
	}
	os.Exit(code)
}

// stand brings up a stand that ends with the test.
func stand(t *testing.T, rules Rules, change func(o *fleet.Options), variants ...fleet.Variant) *fleet.Stand {
	t.Helper()
	options := rules.Options(variants...)
	if change != nil {
		change(&options)
	}
	s, err := lab.Stand(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Logs())
		}
		s.Close()
	})
	return s
}

// within waits for cond and fails the test if it does not hold in time.
func within(t *testing.T, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errors.New("the time is over"))
	defer cancel()
	require.NoError(t, wait.Until(ctx, what, func() (bool, error) { return cond(), nil }))
}
