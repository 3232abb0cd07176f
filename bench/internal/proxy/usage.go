package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a proxy has used of the machine.
type Usage struct {
	CPU time.Duration // user and system, since it was started
	RSS int64         // bytes, now
}

// usageOf adds up a process and its children: nginx works in children.
func usageOf(pid int) (Usage, error) {
	var sum Usage
	family, err := familyOf(pid)
	if err != nil {
		return sum, err
	}
	for _, member := range family {
		cpu, err := cpuOf(member)
		if err != nil {
			return sum, err
		}
		rss, err := rssOf(member)
		if err != nil {
			return sum, err
		}
		sum.CPU += cpu
		sum.RSS += rss
	}
	return sum, nil
}

// cpuOf takes each thread's time on a CPU from schedstat, in nanoseconds, where
// the kernel has it: it is what utime+stime in stat show in steps of 10 ms, too
// coarse for a run of seconds.
func cpuOf(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return ticksOf(pid)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that has ended
		}
		running, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(running, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// ticksOf reads utime and stime, which Linux shows in hundredths of a second
// whatever its own tick is.
func ticksOf(pid int) (time.Duration, error) {
	fields, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	const utime, stime, tick = 11, 12, 10 * time.Millisecond
	var sum time.Duration
	for _, i := range []int{utime, stime} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// statOf returns the fields of /proc/PID/stat from the third on: the second is
// the program's name, which may hold anything.
func statOf(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return nil, fmt.Errorf("/proc/%d/stat is cut off", pid)
	}
	return fields, nil
}

func rssOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
}

// familyOf returns a process and its children.
func familyOf(pid int) ([]int, error) {
	family := []int{pid}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("the benchmark reads Linux's /proc: %w", err)
	}
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if fields, err := statOf(child); err == nil && fields[1] == strconv.Itoa(pid) {
			family = append(family, child)
		}
	}
	return family, nil
}
