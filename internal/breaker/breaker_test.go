package breaker

import "testing"

// TestBreaker plays calls without an answer against the delays that follow.
func TestBreaker(t *testing.T) {
	var b Breaker
	now := int64(1_000_000)
	for i := range Tolerated {
		if !b.Allows(now) || b.IsOpen() {
			t.Fatalf("open after %d failures", i)
		}
		b.Failed(1, now, 10_000, 0)
	}
	for _, delay := range []int64{1000, 2000, 4000, 8000, 10_000, 10_000} {
		if !b.IsOpen() || b.Allows(now+delay-1) {
			t.Fatalf("lets a call through before %d ms", delay)
		}
		now += delay
		if !b.Allows(now) || b.Allows(now) {
			t.Fatalf("does not let exactly one call through after %d ms", delay)
		}
		b.Failed(1, now, 10_000, 0)
	}
	now += 10_000
	if b.Allows(now); !b.IsOpen() {
		t.Fatal("closed before the answer")
	}
	if b.Succeeded(); b.IsOpen() || !b.Allows(now) {
		t.Fatal("open after an answer")
	}
}

// TestChance: a random number shortens a delay by up to a quarter.
func TestChance(t *testing.T) {
	for _, row := range []struct {
		chance uint64
		delay  int64
	}{{0, 1000}, {249, 751}, {250, 1000}, {1<<64 - 1, 1000 - (1<<64-1)%250}} {
		var b Breaker
		for range Tolerated {
			b.Failed(1, 0, LongestDelay, row.chance)
		}
		if b.Allows(row.delay-1) || !b.Allows(row.delay) {
			t.Errorf("%d: not %d ms", row.chance, row.delay)
		}
	}
}

// TestWeight: a failure that counts for three opens the breaker the second time.
func TestWeight(t *testing.T) {
	var b Breaker
	b.Failed(3, 0, LongestDelay, 0)
	if b.IsOpen() {
		t.Error("one is enough")
	}
	if b.Failed(3, 0, LongestDelay, 0); !b.IsOpen() || b.Allows(FirstDelay-1) || !b.Allows(FirstDelay) {
		t.Error("two are not enough, or are not followed by the first delay")
	}
}

// TestLateFailures: calls that were under way when the breaker opened change nothing.
func TestLateFailures(t *testing.T) {
	var b Breaker
	for range 3 * Tolerated {
		b.Failed(1, 0, LongestDelay, 0)
	}
	if !b.Allows(FirstDelay) {
		t.Error("open for longer")
	}
}

// TestClockStepsBack does not keep the breaker open.
func TestClockStepsBack(t *testing.T) {
	var b Breaker
	for range Tolerated {
		b.Failed(1, 3_600_000, LongestDelay, 0)
	}
	if !b.Allows(0) {
		t.Error("still open")
	}
}
