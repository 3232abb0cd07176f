package register

import (
	"slices"

	"github.com/gatewarden/gatewarden/table"
)

// Surface is what there is to know of a surface that locks out, to lock and unlock by
// hand there. Two instances may guard surfaces of one name in different ways.
type Surface struct {
	Name string
	// Size is that of the table (see table.Table.Size).
	Size uint8
	// Enforced tells whether locked-out clients are refused, and not only noted.
	Enforced bool
	// IPv4 and IPv6 are the lengths of the networks that are one client.
	IPv4, IPv6 uint8
	// WideIPv4 and WideIPv6 are those of the networks that can be locked out as a whole;
	// 0 if they cannot.
	WideIPv4, WideIPv6 uint8
	// Duration of a first lockout, in milliseconds.
	Duration int64
}

const (
	catalogueKey     = "gatewarden/1/surfaces"
	catalogueVersion = 1
	// maxSurfaces bounds the catalogue; one instance has at most 256.
	maxSurfaces = 512
	surfaceSize = 6 + 6 + 6
	// maxCatalogueSize is the most that its value ever takes.
	maxCatalogueSize = 1 + maxSurfaces*(surfaceSize+1+maxText)
	// refreshAfter, in milliseconds, is the age at which a worker writes an entry again,
	// forgetAfter the age at which the entry of a removed instance is dropped.
	refreshAfter = 60_000
	forgetAfter  = 180_000
)

// seen is an entry of the catalogue.
type seen struct {
	Surface
	at int64
}

// Publish enters the surfaces of an instance, or confirms them. The workers that have
// it do so now and then; few of them have to write.
func Publish(store table.Store, surfaces []Surface, now int64) {
	if len(surfaces) == 0 {
		return
	}
	table.Swap(store, []byte(catalogueKey), func(value []byte) ([]byte, bool) {
		list := readCatalogue(value)
		if confirmed(list, surfaces, now) {
			return nil, false
		}
		list = slices.DeleteFunc(list, func(e seen) bool {
			return e.age(now) >= forgetAfter || slices.Contains(surfaces, e.Surface)
		})
		for _, s := range surfaces {
			list = append(list, seen{s, now})
		}
		return writeCatalogue(list[max(len(list)-maxSurfaces, 0):]), true
	})
}

// Surfaces returns those that an instance has confirmed of late. Where the clock was set
// back, it is those that it had confirmed before, until they are written anew.
func Surfaces(store table.Store, now int64) []Surface {
	var list []Surface
	value, _, _ := store.Get([]byte(catalogueKey))
	for _, e := range readCatalogue(value) {
		if now-e.at < forgetAfter {
			list = append(list, e.Surface)
		}
	}
	return list
}

// confirmed tells whether all surfaces are there, and none of them old.
func confirmed(list []seen, surfaces []Surface, now int64) bool {
	for _, s := range surfaces {
		if !slices.ContainsFunc(list, func(e seen) bool { return e.Surface == s && e.age(now) < refreshAfter }) {
			return false
		}
	}
	return true
}

// age is the distance between an entry and now, in either direction: an entry from before
// the clock was set back must not count as new.
func (e *seen) age(now int64) int64 { return max(now-e.at, e.at-now) }

// The layout of the catalogue, version 1: version(1), then for each surface
//
//	at(6) duration(6) size(1) enforced(1) ipv4(1) ipv6(1) wideIPv4(1) wideIPv6(1) name
//
// readCatalogue reads it; of a value that this version did not write, nothing.
func readCatalogue(value []byte) (list []seen) {
	if len(value) == 0 || value[0] != catalogueVersion {
		return nil
	}
	for r := (reader{value[1:]}); len(r.rest) > 0; {
		if len(r.rest) < surfaceSize || len(list) == maxSurfaces {
			return nil
		}
		e := seen{at: r.time()}
		e.Duration = r.time()
		b, ok := r.take(6), false
		e.Size, e.Enforced = b[0], b[1] == 1
		e.IPv4, e.IPv6, e.WideIPv4, e.WideIPv6 = b[2], b[3], b[4], b[5]
		if e.Name, ok = r.text(); !ok || !e.sound() {
			return nil
		}
		list = append(list, e)
	}
	return list
}

func (s *Surface) sound() bool {
	return s.Size <= table.MaxSize && s.IPv4 <= 32 && s.IPv6 <= 128 && s.WideIPv4 <= 32 && s.WideIPv6 <= 128
}

func writeCatalogue(list []seen) []byte {
	b := append(make([]byte, 0, 1+len(list)*(surfaceSize+1+maxText)), catalogueVersion)
	for i := range list {
		e := &list[i]
		enforced := byte(0)
		if e.Enforced {
			enforced = 1
		}
		b = table.AppendTime(table.AppendTime(b, e.at), e.Duration)
		b = append(b, e.Size, enforced, e.IPv4, e.IPv6, e.WideIPv4, e.WideIPv6)
		b = appendText(b, e.Name)
	}
	return b
}
