package message

// Status is the service's answer about one counter.
type Status struct {
	Code Code
	// Limit and Unit are the service's own, if it has a limit for the counter.
	Limit    uint32
	Unit     Unit
	HasLimit bool
	// Left is how much is left in the window.
	Left uint32
	// Reset is when the window ends, in milliseconds from now: never less than the
	// service said, and 0 if it said nothing.
	Reset int64
}

// maxStatuses bounds a response. A request has at most one for each of its descriptors.
const maxStatuses = 1024

// maxSeconds is protobuf's own bound of a Duration, 10,000 years.
const maxSeconds = 315_576_000_000

// The fields of RateLimitResponse, DescriptorStatus, RateLimit and Duration.
const (
	responseOverall  = 1
	responseStatuses = 2

	statusCode     = 1
	statusLimit    = 2
	statusLeft     = 3
	statusDuration = 4

	limitRequests = 1
	limitUnit     = 2

	durationSeconds = 1
	durationNanos   = 2
)

// ReadResponse reads a RateLimitResponse. The statuses take the place of those in into,
// which grows if there are more. ok is false if b is not such a message, or has more than
// 1024 statuses.
//
// As protobuf has it, the last of several numbers counts, several limits or durations are
// joined, and unknown fields are skipped. Their content is not looked at: neither is the
// limit's name, which may be invalid UTF-8. Groups, which only proto2 has, are refused.
func ReadResponse(b []byte, into []Status) (overall Code, statuses []Status, ok bool) {
	statuses = into[:0]
	r := reader{rest: b}
	for r.next() {
		switch {
		case r.is(responseOverall, varint):
			overall = Code(int32(r.number))
		case r.is(responseStatuses, lengthDelimited):
			status, read := readStatus(r.bytes)
			if !read || len(statuses) == maxStatuses {
				return Unknown, into[:0], false
			}
			statuses = append(statuses, status)
		}
	}
	if r.failed {
		return Unknown, into[:0], false
	}
	return overall, statuses, true
}

func readStatus(b []byte) (s Status, ok bool) {
	var d duration
	r := reader{rest: b}
	for r.next() {
		switch {
		case r.is(statusCode, varint):
			s.Code = Code(int32(r.number))
		case r.is(statusLimit, lengthDelimited):
			if !s.readLimit(r.bytes) {
				return Status{}, false
			}
		case r.is(statusLeft, varint):
			s.Left = uint32(r.number)
		case r.is(statusDuration, lengthDelimited):
			if !d.read(r.bytes) {
				return Status{}, false
			}
		}
	}
	s.Reset = d.milliseconds()
	return s, !r.failed
}

func (s *Status) readLimit(b []byte) bool {
	s.HasLimit = true
	r := reader{rest: b}
	for r.next() {
		switch {
		case r.is(limitRequests, varint):
			s.Limit = uint32(r.number)
		case r.is(limitUnit, varint):
			s.Unit = Unit(int32(r.number))
		}
	}
	return !r.failed
}

// duration is a google.protobuf.Duration.
type duration struct {
	seconds int64
	nanos   int32
}

func (d *duration) read(b []byte) bool {
	r := reader{rest: b}
	for r.next() {
		switch {
		case r.is(durationSeconds, varint):
			d.seconds = int64(r.number)
		case r.is(durationNanos, varint):
			d.nanos = int32(r.number)
		}
	}
	return !r.failed
}

// milliseconds rounds up: a client that is locked until the window ends is not free
// before. What is out of bounds is brought within.
func (d duration) milliseconds() int64 {
	if d.seconds < 0 {
		return 0
	}
	nanos := min(max(d.nanos, 0), 999_999_999)
	return min(d.seconds, maxSeconds)*1000 + (int64(nanos)+999_999)/1_000_000
}
