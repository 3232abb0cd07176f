package proxywasm

import (
	"bytes"
	"strings"
	"testing"
)

func TestAppendServer(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, row := range []struct{ cluster, want string }{
		{"", "\x0a\x02\x0a\x00"},
		{"ratelimit", "\x0a\x0b\x0a\x09ratelimit"},
		{"outbound|81||a.svc", "\x0a\x1b\x0a\x12outbound|81||a.svc\x12\x05a.svc"},
		{"a|", "\x0a\x04\x0a\x02a|"},
		{long[:125], "\x0a\x7f\x0a\x7d" + long[:125]},
		{long[:126], "\x0a\x80\x01\x0a\x7e" + long[:126]},
		{long[:128], "\x0a\x83\x01\x0a\x80\x01" + long[:128]},
		{long, "\x0a\xaf\x02\x0a\xac\x02" + long},
	} {
		if got := appendServer([]byte("before"), row.cluster); !bytes.Equal(got, []byte("before"+row.want)) {
			t.Errorf("%d letters: %q, want %q", len(row.cluster), got, row.want)
		}
	}
}
