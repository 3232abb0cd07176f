package proxy

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// CPU and memory of a process are its children's, too, and CPU only grows.
func TestUsage(t *testing.T) {
	before, err := usageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("sleep", "10")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
	}
	after, err := usageOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if used := after.CPU - before.CPU; used <= 0 || used > time.Minute {
		t.Errorf("50 ms of work are %v of CPU", used)
	}
	own, err := rssOf(os.Getpid())
	if err != nil || after.RSS <= own/2 {
		t.Errorf("RSS %d of all, %d of the parent, %v", after.RSS, own, err)
	}
	family, err := familyOf(os.Getpid())
	if err != nil || len(family) != 2 || family[1] != child.Process.Pid {
		t.Errorf("the family is %v, want the child %d in it (%v)", family, child.Process.Pid, err)
	}
	ticks, err := ticksOf(os.Getpid())
	if difference := after.CPU - ticks; err != nil || difference < -time.Second || difference > time.Second {
		t.Errorf("stat and schedstat differ by %v (%v)", difference, err)
	}
}

func TestUsageOfNobody(t *testing.T) {
	if _, err := usageOf(1 << 30); err == nil {
		t.Error("a process that is not there has a usage")
	}
}

func TestTail(t *testing.T) {
	var log tail
	for range 3000 {
		if _, err := log.Write([]byte("line\n")); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.String(); len(got) != tailSize || !strings.HasSuffix(got, "line\n") {
		t.Errorf("%d bytes are kept, want the last %d", len(got), tailSize)
	}
}

// Variants differ by their filter and by nothing else.
func TestBootstrap(t *testing.T) {
	text := func(filter any) string {
		out, err := json.Marshal(Envoy{Filter: filter}.bootstrap())
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	filter := object{"name": "it"}
	if got, want := strings.Replace(text(filter), `{"name":"it"},`, "", 1), text(nil); got != want {
		t.Errorf("with the filter cut out\n%s\nwithout it\n%s", got, want)
	}
}

// Envoy's filters and the service have the same keys, or nothing would be counted.
func TestKeysAgree(t *testing.T) {
	for _, r := range []Rule{{}, {Header: "X-Tenant-Id"}} {
		text, err := json.Marshal(rateLimits([]Rule{r}))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), r.key()) || !strings.Contains(ServiceLimits([]Rule{r}, 7), "key: "+r.key()+",") {
			t.Errorf("%s is not in %s or not in\n%s", r.key(), text, ServiceLimits([]Rule{r}, 7))
		}
	}
}

// A service that ends before it serves is reported, and what was started for it has
// ended, too.
func TestServiceFails(t *testing.T) {
	asked, err := RateLimitService{Service: "/bin/false", Redis: "/bin/false"}.start("")
	if err == nil || asked != nil || !strings.Contains(err.Error(), "/bin/false ended") {
		t.Errorf("%v, %v", asked, err)
	}
}

// A program that ends before it serves is reported with what it said.
func TestLaunchFails(t *testing.T) {
	_, err := launch("/bin/sh", []string{"-c", "echo no such luck; exit 3"}, t.TempDir(), 1)
	if err == nil || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("%v", err)
	}
}
