package wasmhost

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"testing"
)

// add1 counts as a guest has to: read, then write under the cas read.
func add1(d *SharedData, key string) (tries int) {
	for {
		tries++
		value, cas, status := d.Get(key)
		if status == NotFound {
			cas = math.MaxUint32 // creates, unless somebody else has
		}
		n, _ := strconv.Atoi(string(value))
		if d.Set(key, []byte(strconv.Itoa(n+1)), cas) == OK {
			return tries
		}
	}
}

func TestSharedDataLosesNoUpdate(t *testing.T) {
	const workers, each = 8, 2000
	d := NewSharedData()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				add1(d, "n")
			}
		})
	}
	wg.Wait()
	if value, _, _ := d.Get("n"); string(value) != strconv.Itoa(workers*each) {
		t.Errorf("%d increments gave %s", workers*each, value)
	}
}

func TestSharedDataBeforeSetForcesALostRace(t *testing.T) {
	d := NewSharedData()
	rival := true
	d.BeforeSet = func(key string) {
		if rival {
			rival = false
			add1(d, key)
		}
	}
	if tries := add1(d, "n"); tries != 2 {
		t.Errorf("the update took %d tries, want 2", tries)
	}
	if value, _, _ := d.Get("n"); string(value) != "2" {
		t.Errorf("two increments gave %s", value)
	}
}

func TestSharedDataCasGoesOnOverAllKeys(t *testing.T) {
	d := NewSharedData()
	d.next = math.MaxUint32
	var seen []uint32
	for i := range 3 {
		key := fmt.Sprint(i)
		d.Set(key, nil, 0)
		_, cas, _ := d.Get(key)
		seen = append(seen, cas)
	}
	if want := []uint32{math.MaxUint32, 1, 2}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("cas %v, want %v: 0 means any and is left out", seen, want)
	}
}

func TestSharedDataCopies(t *testing.T) {
	d := NewSharedData()
	value := []byte("one")
	d.Set("k", value, 0)
	value[0] = 'X'
	got, _, _ := d.Get("k")
	got[1] = 'X'
	if again, _, _ := d.Get("k"); string(again) != "one" {
		t.Errorf("the stored value became %q", again)
	}
}

func TestSharedDataSize(t *testing.T) {
	d := NewSharedData()
	d.Set("a", []byte("1234"), 0)
	d.Set("bc", nil, 0)
	d.Set("a", []byte("12"), 0)
	if d.Len() != 2 || d.Bytes() != len("a")+len("12")+len("bc") {
		t.Errorf("%d keys of %d bytes", d.Len(), d.Bytes())
	}
	if got := fmt.Sprint(d.Keys()); got != "[a bc]" {
		t.Errorf("keys %s", got)
	}
}
