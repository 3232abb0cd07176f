package route

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/filter/request"
)

// An explanation tells where each reading of a path leads, and what owns the request.
func TestExplain(t *testing.T) {
	const config = `{"exempt": [{"path": "/a/open"}], "surfaces": [
		{"name": "inner", "kind": "api", "match": [{"path": "/x"}, {"prefix": "/a/b"}]},
		{"name": "outer", "kind": "api", "match": [{"prefix": "/a"}]}]}`
	r := newRouter(t, config)
	for _, row := range []struct{ path, want string }{
		{"/a/b?q", "0 [0] false false false: /a/b -1 0 [{0 1} {1 0}]"},
		{"/A/c/", "1 [1] false false false: /A/c/ -1 1 [{1 0}]"},
		{"/a/open", "-1 [] true false false: /a/open 0 -1 [{1 0}]"},
		{"/a/Open", "1 [1] false false false: /a/Open -1 1 [{1 0}]"},
		{"/z", "-1 [] false false false: /z -1 -1 []"},
		{"/x;/../a/b", "0 [0] false false false: "},
		{"/x/../a", "1 [1] false false false: /a -1 1 [{1 0}], /x/../a -1 -1 []"},
		{"/a/./open", "1 [1] true false false: /a/open 0 -1 [{1 0}], /a/./open -1 1 [{1 0}]"},
		{"/a/b/../c", "-1 [1 0] false true false: /a/c -1 1 [{1 0}], /a/b/../c -1 0 [{0 1} {1 0}]"},
		{"/a/." + strings.Repeat("/", maxOddPath), "-1 [] false true true: "},
	} {
		target := request.Target{Method: "GET", Path: row.path, Overrides: []string{"PUT"}}
		surface, _ := r.Route(&target)
		v := r.Explain(&target)
		var readings []string
		for i, reading := range v.Readings {
			if i == 0 || reading.Path != v.Readings[0].Path {
				readings = append(readings, fmt.Sprint(reading.Path, " ", reading.Exempt, " ", reading.Owner, " ", reading.Matches))
			}
		}
		got := fmt.Sprint(surface, " ", v.Surfaces, " ", v.Exempt, " ", v.Ambiguous, " ", v.TooLong, ": ", strings.Join(readings, ", "))
		if !strings.HasPrefix(got, row.want) || v.TooLong && got != row.want {
			t.Errorf("%.40s: got %s, want %s", row.path, got, row.want)
		}
		if v.Method != "GET" || fmt.Sprint(v.Overrides) != "[PUT]" {
			t.Errorf("%.40s: the methods are %s and %v", row.path, v.Method, v.Overrides)
		}
	}
}
