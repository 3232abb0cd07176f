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

	fingerprintSize = 8

	// The places of what is read alone, in a set and in a record without its fingerprint.
	countAt, floorAt, touchedAt, floorUntilAt = 1, 2, 4, 10
	windowEndAt, lockedUntilAt, forgetAtAt    = 10, 16, 22
)

// TimeSize is the size of an encoded time.
const TimeSize = 6

// decode reads a set. A value that this version did not write is an empty set:
// counting anew is the only sense that can be made of it.
func (s *set) decode(value []byte) {
	s.count, s.touched, s.floor, s.floorUntil = 0, 0, 0, 0
	if !isSet(value) {
		return
	}
	s.count = int(value[countAt])
	s.floor = value[floorAt]
	s.touched = touchedOf(value)
	s.floorUntil = ReadTime(value[floorUntilAt:])
	for i := 0; i < s.count; i++ {
		e := &s.entries[i]
		e.fingerprint = binary.LittleEndian.Uint64(value[headerSize+i*recordSize:])
		e.decode(recordOf(value, i))
	}
}

// isSet tells whether this version wrote a value.
func isSet(value []byte) bool {
	return len(value) >= headerSize && value[0] == codecVersion && value[countAt] <= Ways &&
		len(value) == headerSize+int(value[countAt])*recordSize
}

// indexOf returns the place of the record with a fingerprint in an encoded set, or -1.
// Most sets are not decoded: one record of them is looked at.
func indexOf(value []byte, fingerprint uint64) int {
	if !isSet(value) {
		return -1
	}
	for i := headerSize; i+recordSize <= len(value); i += recordSize {
		if binary.LittleEndian.Uint64(value[i:]) == fingerprint {
			return (i - headerSize) / recordSize
		}
	}
	return -1
}

// touchedOf returns the time of the last write of an encoded set.
func touchedOf(value []byte) int64 { return ReadTime(value[touchedAt:]) }

// recordOf returns the i-th record of an encoded set, without its fingerprint.
func recordOf(value []byte, i int) []byte {
	at := headerSize + i*recordSize
	return value[at+fingerprintSize : at+recordSize]
}

func (r *Record) decode(b []byte) {
	_ = b[recordSize-fingerprintSize-1]
	r.Count = binary.LittleEndian.Uint32(b)
	r.Before = binary.LittleEndian.Uint32(b[4:])
	r.Level, r.Strikes = b[8], b[9]
	r.WindowEnd = ReadTime(b[windowEndAt:])
	r.LockedUntil = ReadTime(b[lockedUntilAt:])
	r.ForgetAt = ReadTime(b[forgetAtAt:])
}

// encode appends the record to b, without a fingerprint.
func (r *Record) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, r.Count)
	b = binary.LittleEndian.AppendUint32(b, r.Before)
	b = append(b, r.Level, r.Strikes)
	b = AppendTime(b, r.WindowEnd)
	b = AppendTime(b, r.LockedUntil)
	return AppendTime(b, r.ForgetAt)
}

// encode appends the set to b.
func (s *set) encode(b []byte) []byte {
	b = append(b, codecVersion, byte(s.count), s.floor, 0)
	b = AppendTime(b, s.touched)
	b = AppendTime(b, s.floorUntil)
	for i := 0; i < s.count; i++ {
		e := &s.entries[i]
		b = binary.LittleEndian.AppendUint64(b, e.fingerprint)
		b = e.encode(b)
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
