package hostform

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Below walks down what other filters have left behind: objects by key, lists by
// position. Values are as encoding/json reads them.
func Below(metadata map[string]any, way []string) (value any, found bool) {
	value = metadata
	for _, part := range way {
		found := false
		switch at := value.(type) {
		case map[string]any:
			value, found = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			if found = err == nil && i >= 0 && i < len(at); found {
				value = at[i]
			}
		}
		if !found {
			return nil, false
		}
	}
	return value, true
}

// Value writes a value as Envoy does: a string as it is, a number as 8 bytes, a
// boolean as one; an object as pairs, and a list as pairs, too, of which each
// element is a name without a value. What is null, or has null in it, has no form.
// https://github.com/envoyproxy/envoy/blob/v1.36.0/source/extensions/common/wasm/context.cc
// (serializeValue)
func Value(value any) (b []byte, ok bool) {
	switch value := value.(type) {
	case string:
		return []byte(value), true
	case float64:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(value)), true
	case bool:
		if value {
			return []byte{1}, true
		}
		return []byte{0}, true
	case []any:
		return valuePairs(len(value), func(i int) (any, any) { return value[i], "" })
	case map[string]any:
		names := slices.Sorted(maps.Keys(value))
		return valuePairs(len(names), func(i int) (any, any) { return names[i], value[names[i]] })
	}
	return nil, false
}

func valuePairs(n int, pair func(int) (name, value any)) ([]byte, bool) {
	pairs := make([][2]string, n)
	for i := range pairs {
		name, value := pair(i)
		for j, part := range [2]any{name, value} {
			b, ok := Value(part)
			if !ok {
				return nil, false
			}
			pairs[i][j] = string(b)
		}
	}
	return Pairs(pairs), true
}

// Pairs writes pairs as the ABI passes maps through memory: their number,
// the sizes of all names and values, then the bytes, each ended by a zero. See
// https://github.com/proxy-wasm/proxy-wasm-cpp-host/blob/52a0291/src/pairs_util.cc
func Pairs(pairs [][2]string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[1])))
	}
	for _, p := range pairs {
		b = append(append(b, p[0]...), 0)
		b = append(append(b, p[1]...), 0)
	}
	return b
}
