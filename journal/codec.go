package journal

import (
	"encoding/binary"

	"github.com/gatewarden/gatewarden/table"
)

// The layout of a slot, version 1, in little-endian order but for the key:
//
//	header  version(1) count(1) owner(4) beat(4)
//	entry   number(4) rule(4) key(16) size(1) kind(1) limit(4) window(6) cost(4) at(6) takenIn(6)
const (
	codecVersion = 1
	headerSize   = 10
	entrySize    = 4 + 4 + table.KeySize + 1 + 1 + 4 + table.TimeSize + 4 + 2*table.TimeSize
	// ways is how many entries a slot has.
	ways = 32
	// kindAt and costAt are where the kind and the cost of an entry are.
	kindAt = 8 + table.KeySize + 1
	costAt = 8 + table.KeySize + 6 + table.TimeSize
)

// Entry is what was taken from one counter.
type Entry struct {
	// Key and Size find the counter, see [table.Table.Size].
	Key  table.Key
	Size uint8
	// Rule is a hash of the rule's name.
	Rule uint32
	// Kind, Limit and Window say how the counter empties.
	Kind   uint8
	Limit  uint32
	Window int64
	// Cost was taken at the time At, in the window TakenIn.
	Cost        uint32
	At, TakenIn int64
}

// header is what a slot says of itself. A slot without an owner is free.
type header struct {
	owner, beat uint32
}

// read reads a slot. A value that this version did not write is a free slot.
func read(value []byte) (h header, entries []byte) {
	if len(value) < headerSize || value[0] != codecVersion || len(value) != headerSize+int(value[1])*entrySize {
		return header{}, nil
	}
	return header{binary.LittleEndian.Uint32(value[2:]), binary.LittleEndian.Uint32(value[6:])}, value[headerSize:]
}

// begin begins a slot with the next beat.
func begin(b []byte, h header) []byte {
	b = binary.LittleEndian.AppendUint32(append(b, codecVersion, 0), h.owner)
	return binary.LittleEndian.AppendUint32(b, h.beat+1)
}

// finish writes down how many entries a slot has.
func finish(b []byte) []byte {
	b[1] = byte((len(b) - headerSize) / entrySize)
	return b
}

func (e *Entry) append(b []byte, number uint32) []byte {
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, e.Rule)
	b = append(e.Key.Append(b), e.Size, e.Kind)
	b = binary.LittleEndian.AppendUint32(b, e.Limit)
	b = table.AppendTime(b, e.Window)
	b = binary.LittleEndian.AppendUint32(b, e.Cost)
	return table.AppendTime(table.AppendTime(b, e.At), e.TakenIn)
}

// numberOf returns the number of the reservation that an entry belongs to.
func numberOf(entry []byte) uint32 { return binary.LittleEndian.Uint32(entry) }

// decode reads an entry, which has entrySize bytes.
func decode(b []byte) (e Entry) {
	e.Rule = binary.LittleEndian.Uint32(b[4:])
	e.Key, _ = table.ReadKey(b[8 : 8+table.KeySize])
	b = b[8+table.KeySize:]
	e.Size, e.Kind, e.Limit = b[0], b[1], binary.LittleEndian.Uint32(b[2:])
	e.Window = table.ReadTime(b[6:])
	b = b[6+table.TimeSize:]
	e.Cost = binary.LittleEndian.Uint32(b)
	e.At, e.TakenIn = table.ReadTime(b[4:]), table.ReadTime(b[4+table.TimeSize:])
	return e
}
