package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// machine describes what was measured on, as rows of a table.
func (t *tools) machine() [][]string {
	rows := [][]string{
		{"CPU", field("/proc/cpuinfo", "model name")},
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"memory", field("/proc/meminfo", "MemTotal")},
		{"kernel", runtime.GOOS + " " + line(os.ReadFile("/proc/sys/kernel/osrelease")) + " " + runtime.GOARCH},
		{"Envoy", release(output(t.envoy, "--version"))},
		{"Go", output("go", "env", "GOVERSION")},
	}
	if _, err := exec.LookPath("tinygo"); err == nil {
		rows = append(rows, []string{"TinyGo", release(output("tinygo", "version"))})
	}
	if t.noRust == "" {
		rows = append(rows, []string{"Rust", release(output("rustc", "--version"))})
	}
	if t.nginx != "" {
		rows = append(rows, []string{"nginx", release(output(t.nginx, "-v"))})
	}
	if t.haproxy != "" {
		rows = append(rows, []string{"HAProxy", release(output(t.haproxy, "-v"))})
	}
	if t.ratelimit != "" {
		rows = append(rows, []string{"ratelimit", ratelimitVersion}, []string{"Redis", release(output(t.redis, "--version"))})
	}
	return rows
}

// loadAverage is how many threads wanted a core in the last minute: what else
// runs on the machine is measured, too.
func loadAverage() string {
	average, _, _ := strings.Cut(line(os.ReadFile("/proc/loadavg")), " ")
	return average
}

// field returns a value from a file of "name : value" lines.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for _, l := range strings.Split(string(text), "\n") {
		if key, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// output is the first line that a program prints.
func output(program string, args ...string) string {
	return line(exec.Command(program, args...).CombinedOutput())
}

func line(text []byte, err error) string {
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return first
}

// release finds the release in what a program says about its version, such as
// "envoy  version: 9e55809/1.40.0/Clean/RELEASE/BoringSSL".
func release(s string) string {
	if found := dotted.FindString(s); found != "" {
		return found
	}
	return s
}

var dotted = regexp.MustCompile(`\b[0-9]+\.[0-9]+\.[0-9]+[-+.0-9a-z]*`)
