package credential

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzCookie: if net/http finds a cookie with a value, the filter finds one, too.
func FuzzCookie(f *testing.F) {
	for _, seed := range []string{"s=1", "a=b; s=1", `s="1"`, "s=", "s", ";;;", "s=1; s=2", "a=s=1", "S=1", " s = 1 ", "s=a=b", `s="`, "s=\x00", "s=1,2", "s=\u00e9", "s =0;s=", "\rs=0"} {
		f.Add(seed, "s")
	}
	f.Add("__Host-id=x", "__Host-id")
	f.Fuzz(func(t *testing.T, field, name string) {
		value := cookie(field, name)
		if !strings.Contains(field, value) || strings.Contains(value, ";") {
			t.Fatalf("%q has a cookie %q that is %q", field, name, value)
		}
		request := http.Request{Header: http.Header{"Cookie": {field}}}
		for _, c := range request.Cookies() {
			if bare := strings.Trim(c.Value, blanks+`"`); c.Name == name && bare != "" && !isPlaceholder(bare) && value == "" {
				t.Fatalf("%q has no cookie %q; net/http has %q", field, name, c.Value)
			}
		}
	})
}
