package credential

import (
	"fmt"
	"testing"
)

// An explanation has no part of the secret.
func TestExplain(t *testing.T) {
	r := newReader(t, `{"credentials": {"headers": ["authorization", "x-api-key"], "cookies": ["session", "sid"]}}`)
	for _, row := range []struct{ name, value, want string }{
		{"authorization", "Bearer abc", "{true [{authorization 0 Bearer 3}] true}"},
		{"authorization", "Bearer", "{false [] false}"},
		{"authorization", "Bearer abc, Basic x", "{true [{authorization 0  19}] false}"},
		{"x-api-key", "abc", "{true [{x-api-key 0  3}] true}"},
		{"x_api_key", "abc", "{true [{x_api_key 0  3}] true}"},
		{"cookie", `a=b; session="abcd"`, "{true [{session 1  4}] true}"},
		{"cookie", "sid=x; session=yz", "{true [{session 1  2} {sid 1  1}] false}"},
	} {
		if got := fmt.Sprint(r.Explain(hdr(":method", "GET", ":path", "/mcp", row.name, row.value))); got != row.want {
			t.Errorf("%s: %s: got %s, want %s", row.name, row.value, got, row.want)
		}
	}
	// Each place is described as if it were the only one.
	const want = "{true [{authorization 0 Bearer 3} {x-api-key 0  1}] false}"
	if got := fmt.Sprint(r.Explain(hdr("authorization", "Bearer abc", "x-api-key", "k"))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
