// Package envoyversion compares versions of Envoy, and says which ones Gatewarden is
// tested with.
package envoyversion

import (
	"math"
	"strconv"
	"strings"
)

// Oldest and Newest are the versions that the tests run against, with others between
// them: see README, "Envoy versions".
var (
	Oldest = Version{1, 36, 4}
	Newest = Version{1, 40, 0}
)

// Version is a version of Envoy.
type Version struct{ Major, Minor, Patch uint32 }

// AnyPatch is the patch of a version that has none, such as 1.36. It counts as the last
// patch.
const AnyPatch = math.MaxUint32

// Before tells whether v is older than other.
func (v Version) Before(other Version) bool {
	switch {
	case v.Major != other.Major:
		return v.Major < other.Major
	case v.Minor != other.Minor:
		return v.Minor < other.Minor
	}
	return v.Patch < other.Patch
}

func (v Version) String() string {
	s := decimal(v.Major) + "." + decimal(v.Minor)
	if v.Patch == AnyPatch {
		return s
	}
	return s + "." + decimal(v.Patch)
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// Parse reads a version such as 1.36, v1.36.4 or 1.36.4-dev.
func Parse(text string) (v Version, ok bool) {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "v"), "-")
	numbers := [3]uint32{2: AnyPatch}
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > len(numbers) {
		return Version{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Version{}, false
		}
		numbers[i] = uint32(n)
	}
	return Version{numbers[0], numbers[1], numbers[2]}, true
}

// Property is the path of the property in which Envoy states its version, as a message
// envoy.type.v3.SemanticVersion. Its parts are separated by NUL.
// See https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/core/v3/base.proto#config-core-v3-buildversion
const Property = "xds\x00node\x00user_agent_build_version\x00version"

// Read reads the message that the property holds. Of a message that it cannot read, it
// returns not ok.
func Read(message string) (v Version, ok bool) {
	for message != "" {
		tag, n := message[0], uint32(0)
		if n, message, ok = varint(message[1:]); !ok {
			return Version{}, false
		}
		switch tag { // the number of the field, and 0 for a varint
		case 1 << 3:
			v.Major = n
		case 2 << 3:
			v.Minor = n
		case 3 << 3:
			v.Patch = n
		default:
			return Version{}, false
		}
	}
	return v, v != Version{}
}

// varint reads a number of at most three bytes off s, which no version exceeds.
func varint(s string) (n uint32, rest string, ok bool) {
	for i := 0; i < len(s) && i < 3; i++ {
		n |= uint32(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return n, s[i+1:], true
		}
	}
	return 0, "", false
}
