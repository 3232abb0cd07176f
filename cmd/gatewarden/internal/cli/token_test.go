package cli

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"

	"github.com/gatewarden/gatewarden/config"
)

// The configuration that is printed knows the token that is printed, and no two are the
// same.
func TestToken(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range []struct {
		args []string
		id   string
	}{{nil, "me"}, {[]string{"--id", "alice"}, "alice"}} { // the examples of the help
		code, out, log := run("", append([]string{"token"}, row.args...)...)
		found := regexp.MustCompile(`(?m)^  (.+)$`).FindAllStringSubmatch(out, -1)
		if code != exitFine || log != "" || len(found) != 2 {
			t.Fatalf("%v: exit %d, %q, %q", row.args, code, out, log)
		}
		token := found[0][1]
		c, err := config.Parse([]byte(found[1][1]), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := config.AdminToken{ID: row.id, SHA256: sha256.Sum256([]byte(token))}
		if len(c.Admin.Tokens) != 1 || c.Admin.Tokens[0] != want || len(token) < 26 || seen[token] {
			t.Errorf("%v: token %q, configuration %+v", row.args, token, c.Admin)
		}
		seen[token] = true
	}
}

func TestTokenRefusesWhatTheConfigurationWould(t *testing.T) {
	for _, id := range []string{"", "alice@example.com", "é", strings.Repeat("x", 65)} {
		code, out, log := run("", "token", "--id", id)
		if code != exitMisuse || out != "" || !strings.Contains(log, "write letters, digits, - and _, at most 64") {
			t.Errorf("%q: exit %d, %q, %q", id, code, out, log)
		}
	}
	if code, _, _ := run("", "token", "alice"); code != exitMisuse {
		t.Errorf("an argument: exit %d", code)
	}
}
