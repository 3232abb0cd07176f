package operations

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// TestPagePolicy: the policy names the page's one style and one script, by what they
// are. Whoever changes the page finds the new hashes here.
func TestPagePolicy(t *testing.T) {
	for _, element := range []string{"style", "script"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d elements %s", len(found), element)
		}
		hash := sha256.Sum256([]byte(found[0][1]))
		want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
		if !strings.Contains(contentSecurityPolicy, want) {
			t.Errorf("the policy has no %q", want)
		}
	}
}

// TestPageIsWhole: nothing comes from elsewhere, nothing is run from an attribute, and
// nothing that was received is read as HTML.
func TestPageIsWhole(t *testing.T) {
	for _, pattern := range []string{`(?i)\s(src|href)="(?:[^d#]|d[^a])`, `(?i)<[^>]*\son\w+=`, `(?i)<[^>]*\sstyle=`, `https?://[^w]`, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|@import`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	if len(page) > 20_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
}
