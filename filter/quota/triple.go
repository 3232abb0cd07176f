package quota

import (
	"strconv"
	"strings"

	"github.com/gatewarden/gatewarden/filter/proxy"
)

// response is what a response of the service says of the service's own limits.
type response struct {
	status int
	// readable tells whether pages of other origins may read it.
	readable bool
	// has tells which fields of the triple are there. left and reset are -1 if they
	// are missing or not a number.
	has         [3]bool
	left, reset int64
}

// triple lists the fields in the order of response.has.
var triple = [...]string{xRateLimitLimit, xRateLimitLeft, xRateLimitReset}

func readTriple(headers []proxy.Header) response {
	r := response{left: -1, reset: -1}
	for i := range headers {
		value := headers[i].Value
		switch headers[i].Name {
		case ":status":
			r.status = proxy.Status(value)
		case "access-control-allow-origin":
			r.readable = true
		case xRateLimitLimit:
			r.has[0] = true
		case xRateLimitLeft:
			r.has[1], r.left = true, leadingNumber(value)
		case xRateLimitReset:
			r.has[2], r.reset = true, leadingNumber(value)
		}
	}
	return r
}

func (r *response) remove(ports proxy.ResponseHeaders) {
	for i, name := range triple {
		if r.has[i] {
			ports.RemoveResponseHeader(name)
		}
	}
}

// leadingNumber returns the whole number with which a field begins, or -1. Some services
// write further numbers after it.
func leadingNumber(field string) int64 {
	field = strings.TrimLeft(field, " \t")
	digits := len(field) - len(strings.TrimLeft(field, "0123456789"))
	n, err := strconv.ParseInt(field[:digits], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// firstEpoch is the smallest X-RateLimit-Reset that is taken for a time since 1970, in
// seconds. Smaller ones are the length of a time.
const firstEpoch = 1_000_000_000

// isStricter tells whether the service's triple leaves less than a tally, or as little
// for longer. If one of the two resets is a time since 1970 and the other is not, the
// service's triple counts as the stricter one.
func (r *response) isStricter(t *tally) bool {
	if left := int64(t.Left); r.left != left {
		return r.left >= 0 && r.left < left
	}
	return r.reset >= t.reset || r.reset >= 0 && (r.reset >= firstEpoch) != (t.reset >= firstEpoch)
}
