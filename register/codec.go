package register

import (
	"encoding/binary"
	"slices"

	"github.com/gatewarden/gatewarden/table"
)

// The layout of a set, version 2, in little-endian order but for the key:
//
//	header   version(1) count(1) lostUntil(6)
//	lockout  key(16) also(16) shared(16) fleet(8) size(1) what(1) subject(8) since(6) until(6) surface client by
//
// A string is its length in one byte, then its bytes.
const (
	lockoutsVersion = 2
	headerSize      = 8
	fixedSize       = 3*table.KeySize + 8 + 2 + 8 + 6 + 6
	// maxText is longer than every name: surfaces have 32 characters, clients at most
	// 43 and operators 64.
	maxText = 64
	// maxSetSize is the most that a set's value ever takes.
	maxSetSize = headerSize + ways*(fixedSize+3*(1+maxText))
)

// set is the decoded form of one shared-data value.
type set struct {
	lockouts []Lockout
	// lostUntil is when the last of those ends that had to go before their time.
	lostUntil int64
}

// decode reads a set. A value that this version did not write is an empty set.
func decode(value []byte) (s set) {
	if len(value) < headerSize || value[0] != lockoutsVersion || value[1] > ways {
		return set{}
	}
	r := reader{value[2:]}
	s.lostUntil = r.time()
	for i := 0; i < int(value[1]); i++ {
		l, ok := r.lockout()
		if !ok {
			return set{}
		}
		s.lockouts = append(s.lockouts, l)
	}
	if len(r.rest) > 0 {
		return set{}
	}
	return s
}

func (s *set) encode() []byte {
	b := append(make([]byte, 0, headerSize+len(s.lockouts)*(fixedSize+maxText)), lockoutsVersion, byte(len(s.lockouts)))
	b = table.AppendTime(b, s.lostUntil)
	for i := range s.lockouts {
		l := &s.lockouts[i]
		b = binary.LittleEndian.AppendUint64(l.Shared.Append(l.Also.Append(l.Key.Append(b))), l.Fleet)
		b = append(b, l.Size, byte(l.What))
		b = binary.LittleEndian.AppendUint64(b, l.Subject)
		b = table.AppendTime(table.AppendTime(b, l.Since), l.Until)
		for _, text := range []string{l.Surface, l.Client, l.By} {
			b = appendText(b, text)
		}
	}
	return b
}

// reader reads the rest of a value. The caller must check that there is enough.
type reader struct{ rest []byte }

func (r *reader) take(n int) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) lockout() (l Lockout, ok bool) {
	if len(r.rest) < fixedSize {
		return Lockout{}, false
	}
	l.Key, _ = table.ReadKey(r.take(table.KeySize))
	l.Also, _ = table.ReadKey(r.take(table.KeySize))
	l.Shared, _ = table.ReadKey(r.take(table.KeySize))
	l.Fleet = binary.LittleEndian.Uint64(r.take(8))
	l.Size, l.What = r.take(1)[0], What(r.take(1)[0])
	l.Subject = binary.LittleEndian.Uint64(r.take(8))
	l.Since, l.Until = r.time(), r.time()
	for _, text := range []*string{&l.Surface, &l.Client, &l.By} {
		if *text, ok = r.text(); !ok {
			return Lockout{}, false
		}
	}
	return l, l.Size <= table.MaxSize && l.What < whats
}

func (r *reader) time() int64 { return table.ReadTime(r.take(table.TimeSize)) }

// text copies: a value is gone with the next host call.
func (r *reader) text() (text string, ok bool) {
	if len(r.rest) < 1 || int(r.rest[0]) > maxText || len(r.rest) < 1+int(r.rest[0]) {
		return "", false
	}
	return string(r.take(1 + int(r.rest[0]))[1:]), true
}

func appendText(b []byte, text string) []byte {
	text = text[:min(len(text), maxText)]
	return append(append(b, byte(len(text))), text...)
}

func (s *set) find(key table.Key) int {
	return slices.IndexFunc(s.lockouts, func(l Lockout) bool { return l.Key == key })
}
