package identity

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/internal/fakehost"
	"github.com/gatewarden/gatewarden/internal/text"
)

// TestSeenIdentitiesAreTheSame holds identities that are kept to those that are read anew:
// many callers, some of whom differ in one text only, or in where one ends. The memory of
// each request is overwritten afterwards.
func TestSeenIdentitiesAreTheSame(t *testing.T) {
	const config = `{"identity": [{"source": "headers", "subject": "x-user-id", "tenant": "x-tenant-id", "tier": "x-tier",
		"scopes": "x-scopes", "roles": "x-roles", "audience": "x-audience"}],
		"surfaces": [{"name": "rest", "kind": "api", "match": [{"prefix": "/api"}]}]}`
	h, anew := newHouse(t, config, ""), newHouse(t, config, "")
	anew.sources[0].seen = nil
	names := [...]string{"x-user-id", "x-tenant-id", "x-tier", "x-scopes", "x-roles", "x-audience"}
	rng := rand.New(rand.NewPCG(1, 2))
	short, long := []string{"", "a", "b", "ab", "a b", "a,b", "a\x01"}, strings.Repeat("c", maxSeenText)
	verified := 0
	for step := range 20_000 {
		memory := make(text.Buffer, 0, 8*maxSeenText)
		var pairs []string
		for _, name := range names {
			value := short[rng.IntN(len(short))]
			switch rng.IntN(40) {
			case 0:
				value = long
			case 1:
				value = fmt.Sprint("caller ", rng.IntN(200))
			case 2:
				continue
			}
			begin := len(memory)
			memory.Add(value)
			pairs = append(pairs, name, text.View(memory[begin:]))
		}
		want := anew.enter("rest", pairs...).Identity
		got := h.enter("rest", pairs...).Identity
		for i := range memory {
			memory[i] = '!'
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("step %d: %+v, want %+v", step, got, want)
		}
		if got.Verified {
			verified++
		}
	}
	if verified < 5000 {
		t.Errorf("%d verified: the test asks too little", verified)
	}
	kept := 0
	for i := range h.sources[0].seen {
		k := &h.sources[0].seen[i]
		if k.identity.Verified {
			kept++
		}
		if n := len(strings.Join(k.values[:], "")); n > maxSeenText {
			t.Errorf("%d bytes are kept", n)
		}
	}
	if kept < maxSeen*3/4 {
		t.Errorf("%d of %d places are used", kept, maxSeen)
	}
}

// TestSeenIdentitiesAllocateNothing shows what they are kept for.
func TestSeenIdentitiesAllocateNothing(t *testing.T) {
	h := newHouse(t, headersConfig, "")
	headers := fakehost.Headers("x-user-id", "alice", "x-tenant-id", "acme", "x-tier", "pro", "x-scopes", "a b")
	var id caller.Identity
	if n := testing.AllocsPerRun(100, func() { h.identifyHeaders(&id, &h.sources[0], headers) }); n != 0 || len(id.Scopes) != 2 {
		t.Errorf("%v allocations: %+v", n, id)
	}
}
