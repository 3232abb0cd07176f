package register

import (
	"encoding/binary"
	"slices"

	"github.com/gatewarden/gatewarden/table"
)

// Fleet is what an operations endpoint tells of a fleet that an instance belongs to.
type Fleet struct {
	// ID tells the fleet from others.
	ID     uint64
	Domain string
	// Heard tells whether the service that counts for all proxies gives answers.
	Heard bool
	// Pending is the number of reports that wait for it in the worker that wrote this.
	Pending uint32
}

const (
	fleetsKey      = "gatewarden/1/fleets"
	unlocksKey     = "gatewarden/1/unlocks"
	fleetsVersion  = 1
	unlocksVersion = 1
	// maxFleets and maxUnlocks bound the two values.
	maxFleets  = 16
	maxUnlocks = 64
	fleetSize  = 8 + 6 + 1 + 4
	unlockSize = 8 + table.KeySize
	// maxFleetsSize and maxUnlocksSize are the most that the values ever take.
	maxFleetsSize  = 1 + maxFleets*(fleetSize+1+maxText)
	maxUnlocksSize = 1 + maxUnlocks*unlockSize
)

// told is an entry of the fleets.
type told struct {
	Fleet
	at int64
}

// PublishFleet enters a fleet, or confirms it.
func PublishFleet(store table.Store, f Fleet, now int64) {
	table.Swap(store, []byte(fleetsKey), func(value []byte) ([]byte, bool) {
		list := slices.DeleteFunc(readFleets(value), func(t told) bool { return t.ID == f.ID || now-t.at >= forgetAfter })
		list = append(list, told{f, now})
		return writeFleets(list[max(len(list)-maxFleets, 0):]), true
	})
}

// Fleets returns those that an instance has confirmed of late.
func Fleets(store table.Store, now int64) (list []Fleet) {
	value, _, _ := store.Get([]byte(fleetsKey))
	for _, t := range readFleets(value) {
		if now-t.at < forgetAfter {
			list = append(list, t.Fleet)
		}
	}
	return list
}

// The layout of the fleets, version 1: version(1), then for each fleet
//
//	id(8) at(6) heard(1) pending(4) domain
func readFleets(value []byte) (list []told) {
	if len(value) == 0 || value[0] != fleetsVersion {
		return nil
	}
	for r := (reader{value[1:]}); len(r.rest) > 0; {
		if len(r.rest) < fleetSize || len(list) == maxFleets {
			return nil
		}
		var t told
		t.ID, t.at = binary.LittleEndian.Uint64(r.take(8)), r.time()
		t.Heard = r.take(1)[0] == 1
		t.Pending = binary.LittleEndian.Uint32(r.take(4))
		ok := false
		if t.Domain, ok = r.text(); !ok {
			return nil
		}
		list = append(list, t)
	}
	return list
}

func writeFleets(list []told) []byte {
	b := append(make([]byte, 0, 1+len(list)*(fleetSize+1+maxText)), fleetsVersion)
	for i := range list {
		t := &list[i]
		heard := byte(0)
		if t.Heard {
			heard = 1
		}
		b = append(table.AppendTime(binary.LittleEndian.AppendUint64(b, t.ID), t.at), heard)
		b = appendText(binary.LittleEndian.AppendUint32(b, t.Pending), t.Domain)
	}
	return b
}

// AskUnlock asks the instances of a fleet to tell the other proxies that the client of a
// counter was unlocked. It returns false if there is no place for that.
func AskUnlock(store table.Store, fleet uint64, shared table.Key) bool {
	placed := false
	stored := table.Swap(store, []byte(unlocksKey), func(value []byte) ([]byte, bool) {
		if len(value) == 0 || value[0] != unlocksVersion {
			value = []byte{unlocksVersion}
		}
		if placed = len(value) < maxUnlocksSize; !placed {
			return nil, false
		}
		return shared.Append(binary.LittleEndian.AppendUint64(slices.Clone(value), fleet)), true
	})
	return stored && placed
}

// AwaitsUnlock tells whether an operations endpoint has asked a fleet to unlock the client of a
// counter, and no worker has taken that yet.
func AwaitsUnlock(store table.Store, fleet uint64, shared table.Key) bool {
	value, _, _ := store.Get([]byte(unlocksKey))
	for rest := value[min(len(value), 1):]; len(rest) >= unlockSize; rest = rest[unlockSize:] {
		key, ok := table.ReadKey(rest[8:unlockSize])
		if ok && key == shared && binary.LittleEndian.Uint64(rest) == fleet {
			return true
		}
	}
	return false
}

// TakeUnlocks takes what operations endpoints have asked a fleet for: of all workers, one gets
// it.
func TakeUnlocks(store table.Store, fleet uint64) (list []table.Key) {
	if value, _, _ := store.Get([]byte(unlocksKey)); len(value) <= 1 {
		return nil
	}
	table.Swap(store, []byte(unlocksKey), func(value []byte) ([]byte, bool) {
		list = nil
		kept := []byte{unlocksVersion}
		for rest := value[min(len(value), 1):]; len(rest) >= unlockSize; rest = rest[unlockSize:] {
			if binary.LittleEndian.Uint64(rest) != fleet {
				kept = append(kept, rest[:unlockSize]...)
				continue
			}
			if key, ok := table.ReadKey(rest[8:unlockSize]); ok {
				list = append(list, key)
			}
		}
		return kept, len(list) > 0
	})
	return list
}
