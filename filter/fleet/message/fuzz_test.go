package message

import (
	"encoding/binary"
	"slices"
	"testing"
)

// part is a field as the oracle reads it.
type part struct {
	tag    uint64
	number uint64
	bytes  []byte
}

// parts reads all fields of a message with the standard library's varints.
func parts(b []byte) (all []part, ok bool) {
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			ok = false
			return 0
		}
		b = b[size:]
		return n
	}
	for ok = true; ok && len(b) > 0; {
		p := part{tag: number()}
		size := uint64(0)
		switch p.tag & 7 {
		case 0:
			p.number = number()
		case 1:
			size = 8
		case 2:
			size = number()
		case 5:
			size = 4
		default:
			return nil, false
		}
		if size > uint64(len(b)) || p.tag>>3 == 0 || p.tag>>32 != 0 {
			return nil, false
		}
		p.bytes, b = b[:size], b[size:]
		all = append(all, p)
	}
	return all, ok
}

// joined returns the fields of all submessages with a tag, as if they were one message.
func joined(all []part, tag uint64) (inner []part, found, ok bool) {
	var b []byte
	for _, p := range all {
		if p.tag == tag {
			if _, ok := parts(p.bytes); !ok {
				return nil, true, false
			}
			b, found = append(b, p.bytes...), true
		}
	}
	inner, ok = parts(b)
	return inner, found, ok
}

func last(all []part, tag uint64) (n uint64) {
	for _, p := range all {
		if p.tag == tag {
			n = p.number
		}
	}
	return n
}

// oracle reads a response with more passes and memory than the filter may take.
func oracle(b []byte) (overall Code, statuses []Status, ok bool) {
	all, ok := parts(b)
	for _, p := range all {
		if p.tag != 2<<3|2 {
			continue
		}
		inner, okStatus := parts(p.bytes)
		limit, hasLimit, okLimit := joined(inner, 2<<3|2)
		duration, _, okDuration := joined(inner, 4<<3|2)
		if !okStatus || !okLimit || !okDuration {
			return 0, nil, false
		}
		statuses = append(statuses, Status{
			Code: Code(last(inner, 1<<3)), Left: uint32(last(inner, 3<<3)),
			HasLimit: hasLimit, Limit: uint32(last(limit, 1<<3)), Unit: Unit(last(limit, 2<<3)),
			Reset: round(int64(last(duration, 1<<3)), int64(int32(last(duration, 2<<3)))),
		})
	}
	return Code(last(all, 1<<3)), statuses, ok && len(statuses) <= 1024
}

func round(seconds, nanos int64) int64 {
	if seconds < 0 {
		return 0
	}
	ms := min(seconds, maxSeconds) * 1000
	if nanos > 0 {
		ms += (min(nanos, 999_999_999)-1)/1_000_000 + 1
	}
	return ms
}

// No bytes are read differently from what the oracle makes of them.
func FuzzReadResponse(f *testing.F) {
	for _, response := range []string{
		"", "0801 1210 0801 1206 0814 1002 1a00 1813 2202 0835", "1208 1202 0814 1202 1002 120c 2202 0802 2206 10c0843d 0803",
		"2003 290102030405060708 3201ff 3d01020304 12 03 3a01ff", "23 24", "12ffffffffffffffffff01", "88ffffff7f 01",
	} {
		f.Add(text(f, response))
	}
	into := make([]Status, 0, 8)
	f.Fuzz(func(t *testing.T, b []byte) {
		overall, statuses, ok := ReadResponse(b, into)
		wantOverall, wantStatuses, wantOK := oracle(b)
		if ok != wantOK || ok && (overall != wantOverall || !slices.Equal(statuses, wantStatuses)) {
			t.Errorf("%x\n%v %+v %v is read\n%v %+v %v was expected", b, overall, statuses, ok, wantOverall, wantStatuses, wantOK)
		}
	})
}
