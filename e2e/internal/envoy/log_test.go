package envoy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLog(t *testing.T) {
	l := NewLog(1000)
	fmt.Fprint(l, "one a\ntwo a b\nthree ")
	assert.Equal(t, []string{"one a", "two a b"}, l.Lines("a"))
	assert.Equal(t, []string{"two a b"}, l.Lines("b", "a"))
	assert.Empty(t, l.Lines("three"), "the line is not complete")
	fmt.Fprintln(l, "a")
	assert.Equal(t, "two a b\nthree a", l.Tail(2))
}

func TestLogForgetsTheOldest(t *testing.T) {
	l := NewLog(1000)
	for i := range 1000 {
		fmt.Fprintf(l, "line %d\n", i)
	}
	assert.LessOrEqual(t, len(l.String()), 1000)
	assert.True(t, strings.HasPrefix(l.String(), "line "), "it begins with a whole line")
	assert.Equal(t, "line 999", l.Tail(1))
}
