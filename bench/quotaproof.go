package main

import (
	"fmt"
	"strconv"

	"github.com/gatewarden/gatewarden/bench/internal/proxy"
)

// left is the header by which all peers tell how much is left.
const left = "X-Ratelimit-Remaining"

// confirmQuotas makes sure that each rule has counted each request.
func (v variant) confirmQuotas(s *proxy.Server, requests int64) error {
	for i, q := range v.quotas {
		a, err := ask(once, s.URL+v.path, v.payload, onlyOwn(i))
		if err != nil {
			return err
		}
		remaining, err := strconv.ParseInt(a.header.Get(left), 10, 64)
		if err != nil {
			return fmt.Errorf("what is left is told as %q: %w", a.header.Get(left), err)
		}
		if counted := plenty - remaining; counted < requests {
			return fmt.Errorf("the rule per %s counted %d of %d requests", q.per, counted, requests)
		}
	}
	return nil
}

// onlyOwn is what somebody says of whom the load has nothing in common with but what
// the i-th rule counts by. Of what the rules before it count by, nothing is said: among
// several rules, local_ratelimit tells how the first one stands.
func onlyOwn(i int) [][2]string {
	var headers [][2]string
	if q := quotas[i]; q.own != "" {
		headers = append(headers, [2]string{q.header, q.own})
	}
	for _, q := range quotas[i+1:] {
		headers = append(headers, [2]string{q.header, q.other})
	}
	return headers
}
