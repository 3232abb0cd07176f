package table

import "encoding/binary"

// The layout of a set, version 2, in little-endian order:
//
//	header  version(1) count(1) floor(1) zero(1) touched(6) floorUntil(6)
//	record  fingerprint(8) count(4) before(4) level(1) strikes(1)
//	        windowEnd(6) lockedUntil(6) forgetAt(6)
//
// A time takes 48 bits, which is 8,900 years of milliseconds.
const (
	codecVersion = 2
	headerSize   = 16
	recordSize   = 36
	maxTime      = 1<<48 - 1
)

// TimeSize is the size of an encoded time.
const TimeSize = 6

// decode reads a set. A value that this version did not write is an empty set:
// counting anew is the only sense that can be made of it.
func (s *set) decode(value []byte) {
	s.count, s.touched, s.floor, s.floorUntil = 0, 0, 0, 0
	if len(value) < headerSize || value[0] != codecVersion {
		return
	}
	count := int(value[1])
	if count > Ways || len(value) != headerSize+count*recordSize {
		return
	}
	s.count = count
	s.floor = value[2]
	s.touched = ReadTime(value[4:])
	s.floorUntil = ReadTime(value[10:])
	for i := 0; i < count; i++ {
		s.entries[i].decode(value[headerSize+i*recordSize:])
	}
}

// mentions tells whether an encoded set may hold the fingerprint. Most requests
// come from clients without a record: for them the set is not decoded.
func mentions(value []byte, fingerprint uint64) bool {
	for i := headerSize; i+recordSize <= len(value); i += recordSize {
		if binary.LittleEndian.Uint64(value[i:]) == fingerprint {
			return true
		}
	}
	return false
}

func (e *entry) decode(b []byte) {
	e.fingerprint = binary.LittleEndian.Uint64(b)
	e.Count = binary.LittleEndian.Uint32(b[8:])
	e.Before = binary.LittleEndian.Uint32(b[12:])
	e.Level, e.Strikes = b[16], b[17]
	e.WindowEnd = ReadTime(b[18:])
	e.LockedUntil = ReadTime(b[24:])
	e.ForgetAt = ReadTime(b[30:])
}

// encode appends the set to b.
func (s *set) encode(b []byte) []byte {
	b = append(b, codecVersion, byte(s.count), s.floor, 0)
	b = AppendTime(b, s.touched)
	b = AppendTime(b, s.floorUntil)
	for i := 0; i < s.count; i++ {
		e := &s.entries[i]
		b = binary.LittleEndian.AppendUint64(b, e.fingerprint)
		b = binary.LittleEndian.AppendUint32(b, e.Count)
		b = binary.LittleEndian.AppendUint32(b, e.Before)
		b = append(b, e.Level, e.Strikes)
		b = AppendTime(b, e.WindowEnd)
		b = AppendTime(b, e.LockedUntil)
		b = AppendTime(b, e.ForgetAt)
	}
	return b
}

// ReadTime reads what [AppendTime] wrote: b has at least TimeSize bytes.
func ReadTime(b []byte) int64 {
	return int64(binary.LittleEndian.Uint32(b)) | int64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// AppendTime appends a time in milliseconds, in the form in which all of shared data has
// them: TimeSize bytes, little-endian. One that does not fit becomes the nearest that does.
func AppendTime(b []byte, t int64) []byte {
	t = min(max(t, 0), maxTime)
	b = binary.LittleEndian.AppendUint32(b, uint32(t))
	return binary.LittleEndian.AppendUint16(b, uint16(t>>32))
}
