package traffic

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"
)

func TestWrite(t *testing.T) {
	var one, two bytes.Buffer
	if err := Write(&one, 2000); err != nil {
		t.Fatal(err)
	}
	if err := Write(&two, 2000); err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(one.Bytes()) != sha256.Sum256(two.Bytes()) {
		t.Error("two logs differ")
	}
	lines := bytes.Split(bytes.TrimSpace(one.Bytes()), []byte("\n"))
	failures := 0
	for _, line := range lines {
		var l struct {
			Client string
			Status int
		}
		if err := json.Unmarshal(line, &l); err != nil || l.Client == "" {
			t.Fatalf("%s: %v", line, err)
		}
		if l.Status == 401 {
			failures++
		}
	}
	if len(lines) != 2000 || failures < 20 || failures > 100 {
		t.Errorf("%d lines, %d failures", len(lines), failures)
	}
}
