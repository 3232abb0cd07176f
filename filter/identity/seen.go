package identity

import "github.com/gatewarden/gatewarden/filter/caller"

// Most requests come from callers that came before. The identities that headers name are
// kept for them, so that a text is checked, copied and hashed once, and not with each
// request. What is kept is bounded: so many identities, each with a few short texts.

const (
	maxSeen = 64
	// maxSeenText is how long the texts of an identity that is kept are together, in bytes.
	maxSeenText = 256
)

// seen has the identities that headers named last. Each has one place that it may be kept
// in, from which another one may push it out.
type seen []known

type known struct {
	values   values
	identity caller.Identity
}

// place returns where the identity with these values is kept, nil if it is too long.
func (s seen) place(v *values) *known {
	hash, length := uint32(0), 0
	for i := range v {
		length += len(v[i])
	}
	if len(s) == 0 || length > maxSeenText {
		return nil
	}
	for i := range v {
		for j := 0; j < len(v[i]); j++ {
			hash = (hash ^ uint32(v[i][j])) * 16777619 // FNV-1
		}
		hash *= 16777619 // where one text ends is a part of it
	}
	return &s[(hash^hash>>16)%uint32(len(s))]
}
