package config

import (
	"encoding/binary"
	"strconv"
)

// readSHA256 reads the hash of a secret; all zero if it is invalid. Its message
// does not repeat the text, which may be the secret itself.
func readSHA256(v *value, right, remedy string) (hash [32]byte) {
	text, ok := v.text("%s", right)
	if !ok {
		return hash
	}
	ok = len(text) == 2*len(hash)
	for i := 0; ok && i < len(hash); i += 8 {
		word, err := strconv.ParseUint(text[2*i:2*i+16], 16, 64)
		ok = err == nil
		binary.BigEndian.PutUint64(hash[i:], word)
	}
	if !ok {
		v.bad("is not a SHA-256 in hexadecimal; %s", remedy)
		return [32]byte{}
	}
	return hash
}

// holders finds secrets with the same id or the same hash. It maps both to the path
// of the first secret that has them. The zero values, which mark unreadable ones,
// map to "".
type holders struct {
	ids    map[string]string
	hashes map[[32]byte]string
}

func newHolders() holders {
	return holders{ids: map[string]string{"": ""}, hashes: map[[32]byte]string{{}: ""}}
}

// check reports that an earlier secret has the same id or hash as the one at path.
// what is the plural of such secrets.
func (h *holders) check(path, id string, hash [32]byte, what string, out *violations) {
	switch first, known := h.ids[id]; {
	case !known:
		h.ids[id] = path
	case first != "":
		out.add(path+".id", "%q is the id of %s; choose another", id, first)
	}
	switch first, known := h.hashes[hash]; {
	case !known:
		h.hashes[hash] = path
	case first != "":
		out.add(path+".sha256", "is that of %s; remove one of the %s", first, what)
	}
}
