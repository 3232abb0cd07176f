package faults

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatewarden/gatewarden/e2e/internal/wait"
)

func TestFaults(t *testing.T) {
	var reached atomic.Int64
	front := New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.Header().Set("X-From", "handler")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "twelve bytes")
	}))
	server := httptest.NewServer(front)
	defer server.Close()
	const dropped, cut = -1, -2
	get := func(ctx context.Context) (int, string) {
		// POST, because the client repeats a GET whose connection ends.
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, nil)
		require.NoError(t, err)
		response, err := server.Client().Do(request)
		if err != nil {
			return dropped, ""
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return cut, string(body)
		}
		return response.StatusCode, string(body)
	}
	for _, row := range []struct {
		fault  Fault
		status int
		body   string
		works  bool
	}{
		{None, 202, "twelve bytes", true},
		{DropBefore, dropped, "", false},
		{DropAfter, dropped, "", true},
		{Status500, 500, "", false},
		{Status503, 503, "", false},
		{Status429, 429, "", false},
		{Garbage, 200, "<html>It works!</html>", true},
		{Truncated, cut, "twelve", true},
	} {
		front.Set(Always(row.fault))
		before := reached.Load()
		status, body := get(t.Context())
		assert.Equal(t, row.status, status, "%d", row.fault)
		assert.Equal(t, row.body, body, "%d", row.fault)
		assert.Equal(t, row.works, reached.Load() > before, "%d", row.fault)
		assert.Equal(t, 1, front.Done(row.fault), "%d", row.fault)
	}
	for fault, works := range map[Fault]int64{SlowBefore: 0, SlowAfter: 1} {
		front.Set(Always(fault))
		before, answers := reached.Load(), make(chan int, 2)
		leave, cancel := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{t.Context(), leave} {
			go func() {
				status, _ := get(ctx)
				answers <- status
			}()
		}
		await := func(n int) {
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			require.NoError(t, wait.Until(ctx, "requests to wait", func() (bool, error) { return front.Waiting() == n, nil }))
		}
		await(2)
		assert.Equal(t, 2*works, reached.Load()-before)
		cancel()
		assert.Equal(t, dropped, <-answers)
		await(1)
		front.Release()
		assert.Equal(t, 202, <-answers)
		assert.Equal(t, 1+works, reached.Load()-before)
	}
}

func TestSeeded(t *testing.T) {
	count := func(s Schedule) (counts [Kinds]int) {
		for n := range 1000 {
			counts[s(n)]++
		}
		return counts
	}
	one := count(Seeded(1, 0.3, Status500, DropAfter))
	assert.Equal(t, one, count(Seeded(1, 0.3, Status500, DropAfter)))
	assert.NotEqual(t, one, count(Seeded(2, 0.3, Status500, DropAfter)))
	assert.InDelta(t, 700, one[None], 60)
	assert.InDelta(t, 150, one[Status500], 50)
	assert.Equal(t, 1000, one[None]+one[Status500]+one[DropAfter])
}
