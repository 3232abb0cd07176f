package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// confirm holds a proxy's own counts against the requests that it was sent, when all
// of them are over.
func (v variant) confirm(m *member) error {
	for _, c := range v.counters {
		if err := awaitCount(m, c); err != nil {
			return err
		}
	}
	for _, name := range v.zero {
		if n, err := stat(m, name); err != nil || n != 0 {
			return errors.Join(err, fmt.Errorf("%s is %d, not 0", name, n))
		}
	}
	if v.spread {
		if err := v.confirmSpread(m); err != nil {
			return err
		}
	}
	return v.confirmTold(m)
}

// confirmSpread makes sure that the first of those who take turns was charged its share,
// and no more than what it had before the others came.
func (v variant) confirmSpread(m *member) error {
	counted, err := m.counted(v.sent())
	share := m.requests / int64(v.turns.Count)
	before := int64(2*provocations + 2 + fewFirst/min(v.turns.Count, fewBefore))
	if err == nil && (counted < share || counted > share+before) {
		err = fmt.Errorf("the first of %d was charged with %d of %d requests", v.turns.Count, counted, m.requests)
	}
	return err
}

// counted is what the answer to somebody tells that was spent.
func (m *member) counted(headers [][2]string) (int64, error) {
	a, err := ask(once, m.server.URL+m.path, m.payload, headers)
	if err != nil {
		return 0, err
	}
	remaining, err := strconv.ParseInt(a.header.Get(left), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("what is left is told as %q: %w", a.header.Get(left), err)
	}
	return plenty - remaining, nil
}

// awaitCount waits for a counter: the filter hands its own over once a second.
func awaitCount(m *member, c counter) error {
	var counted int64
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var err error
		if counted, err = stat(m, c.name); err != nil {
			return err
		}
		if counted >= m.requests*c.each {
			return nil
		}
	}
	return fmt.Errorf("%s is %d after %d requests", c.name, counted, m.requests)
}

func stat(m *member, name string) (int64, error) {
	return m.server.Stat(strings.ReplaceAll(name, ".", `\.`))
}

// left is the header by which all peers tell how much is left.
const left = "X-Ratelimit-Remaining"

// confirmTold makes sure that each rule has counted each request.
func (v variant) confirmTold(m *member) error {
	for i, q := range v.told {
		counted, err := m.counted(onlyOwn(v.told, i))
		if err != nil {
			return err
		}
		if counted < m.requests {
			return fmt.Errorf("the rule per %s counted %d of %d requests", q.per, counted, m.requests)
		}
	}
	return nil
}

// onlyOwn is what somebody says of whom the load has nothing in common with but what
// the i-th rule counts by. Of what the rules before it count by, nothing is said: among
// several rules, local_ratelimit tells how the first one stands.
func onlyOwn(rules []quota, i int) [][2]string {
	headers := [][2]string{{rules[i].header, rules[i].own}}
	for _, q := range rules[i+1:] {
		headers = append(headers, [2]string{q.header, q.other})
	}
	return headers
}
