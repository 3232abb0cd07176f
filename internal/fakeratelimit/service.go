// Package fakeratelimit is a rate limit service in memory, for tests of the fleet. It counts
// as envoyproxy/ratelimit does: in windows of a unit that are aligned to its clock, beyond the
// limit, with the limits of a domain file. The tests in e2e/fleet play the same with the real
// one.
package fakeratelimit

import (
	"encoding/binary"
	"strconv"

	"github.com/gatewarden/gatewarden/config"
)

// Service counts. Tests read and write its fields between requests.
type Service struct {
	// Wall is its clock, in milliseconds since 1970.
	Wall func() int64
	// Limits are those of its domain file, by the name of the rule.
	Limits map[string]config.FleetLimit
	// Before is what others have counted on each counter of a rule.
	Before map[string]uint64
	// Counts are its counters, by the names of rule, key and window.
	Counts map[string]uint64
	// Asked are all descriptors so far, for instance "lockout/rest+1" and "unlock+0".
	Asked []string
	// Requests is the number of requests so far.
	Requests int
}

// New returns a service with the limits of a configuration.
func New(c *config.Config, wall func() int64) *Service {
	s := &Service{Wall: wall, Limits: map[string]config.FleetLimit{}, Counts: map[string]uint64{}}
	for _, l := range c.FleetLimits() {
		s.Limits[l.Rule] = l
	}
	return s
}

// Total is the sum of a rule's counters.
func (s *Service) Total(rule string) (sum uint64) {
	for name, n := range s.Counts {
		if len(name) > len(rule) && name[:len(rule)+1] == rule+" " {
			sum += n
		}
	}
	return sum
}

// Answer counts what a RateLimitRequest asks for, and returns the RateLimitResponse. A request
// that cannot be read gets nil.
func (s *Service) Answer(request []byte) []byte {
	s.Requests++
	domain := ""
	statuses, over := []byte(nil), false
	ok := fields(request, func(number int, content []byte, _ uint64) bool {
		switch number {
		case 1:
			domain = string(content)
		case 2:
			status, isOver, read := s.count(domain, content)
			statuses, over = appendField(statuses, 2, status), over || isOver
			return read
		}
		return true
	})
	if !ok {
		return nil
	}
	code := byte(1)
	if over {
		code = 2
	}
	return append([]byte{1 << 3, code}, statuses...)
}

// count counts a descriptor, and returns its status.
func (s *Service) count(domain string, descriptor []byte) (status []byte, over, ok bool) {
	rule, key, hits := "", "", uint64(1)
	ok = fields(descriptor, func(number int, content []byte, _ uint64) bool {
		if number == 3 {
			hits = 0
			return fields(content, func(_ int, _ []byte, n uint64) bool { hits = n; return true })
		}
		name, value := "", ""
		read := fields(content, func(number int, text []byte, _ uint64) bool {
			if number == 1 {
				name = string(text)
			} else {
				value = string(text)
			}
			return true
		})
		if name == "rule" {
			rule = value
		} else {
			key = value
		}
		return read
	})
	s.Asked = append(s.Asked, rule+"+"+strconv.FormatUint(hits, 10))
	limit, limited := s.Limits[rule]
	if !ok || !limited {
		return []byte{1 << 3, 1}, false, ok
	}
	now := s.Wall()
	name := rule + " " + domain + " " + key + " " + strconv.FormatInt(now/limit.Unit, 10)
	s.Counts[name] += hits
	count := s.Counts[name] + s.Before[rule]
	over = count > uint64(limit.Limit)
	left, code := uint64(0), byte(2)
	if !over {
		left, code = uint64(limit.Limit)-count, 1
	}
	units := map[int64]uint64{1000: 1, 60_000: 2, 3_600_000: 3, 86_400_000: 4}
	current := appendNumber(appendNumber(nil, 1, uint64(limit.Limit)), 2, units[limit.Unit])
	seconds := limit.Unit/1000 - now/1000%(limit.Unit/1000) // whole ones, as the real one's
	status = appendField(append(status, 1<<3, code), 2, current)
	status = appendField(appendNumber(status, 3, left), 4, appendNumber(nil, 1, uint64(seconds)))
	return status, over, true
}

// fields calls visit for each field of a message: with its content if it has one, otherwise
// with its number.
func fields(b []byte, visit func(number int, content []byte, value uint64) bool) bool {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		value, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		b = b[n:]
		var content []byte
		if tag&7 == 2 {
			if value > uint64(len(b)) {
				return false
			}
			content, b = b[:value], b[value:]
		}
		if !visit(int(tag>>3), content, value) {
			return false
		}
	}
	return true
}

func appendField(b []byte, number byte, content []byte) []byte {
	return append(binary.AppendUvarint(append(b, number<<3|2), uint64(len(content))), content...)
}

func appendNumber(b []byte, number byte, value uint64) []byte {
	return binary.AppendUvarint(append(b, number<<3), value)
}
