package session

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	const block = "$ one \\\n  -x\nout\\\nmore\n$ two\n$ three\nend\n"
	steps, err := Parse(block)
	require.NoError(t, err)
	assert.Equal(t, []Step{{"one \\\n  -x", "out\\\nmore\n"}, {"two", ""}, {"three", "end\n"}}, steps)
	assert.Equal(t, block, Format(steps))
	for _, broken := range []string{"", "no command\n", "\n$ late\n"} {
		_, err := Parse(broken)
		assert.Error(t, err, "%q", broken)
	}
}

func TestMatches(t *testing.T) {
	for _, row := range []struct {
		shown, got string
		want       bool
	}{
		{"", "", true},
		{"", "more\n", false},
		{"a\nb\n", "a\r\n\r\nb  \n", true},
		{"a\n", "a\nb\n", false},
		{"b\n", "a\nb\n", false},
		{"...\nb\n", "a\nb\n", true},
		{"a\n...\n", "a\nb\nc\n", true},
		{"a\n...\n", "a\n", true},
		{"a\n...\na\n", "a\n", false},
		{"a\n...\nc\n...\n", "a\nb\nc\nd\n", true},
		{"a\n...\nc\n...\n", "b\na\nc\n", false},
		{"...\nb\nc\n", "b\nx\nb\nc\n", true},
		{"...\nc\n...\nb\n...\n", "b\nc\n", false},
		{"...\n", "anything\n", true},
		{"retry-after: 59\n", "retry-after: 7\n", true},
		{"retry-after: 59\n", "retry-after: none\n", false},
		{"ratelimit: \"a\";r=0;t=59\n", "ratelimit: \"a\";r=1;t=59\n", false},
		{"date: Mon, 01 Jan\n", "date: Tue, 02 Feb\n", true},
		{`{"time":"2026-01-02T03:04:05.678Z","duration_ms":1}`, `{"time":"2027-02-03T04:05:06.789Z","duration_ms":20}`, true},
	} {
		assert.Equal(t, row.want, Matches(row.shown, row.got), "shown %q, got %q", row.shown, row.got)
	}
}
