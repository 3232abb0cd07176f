package config

import "strconv"

// digest is the SHA-256 of a secret, which what names, in hexadecimal.
type digest struct {
	into         *[32]byte
	what, remedy string
}

// read leaves an invalid hash all zero. Its message does not repeat the text, which may
// be the secret itself.
func (f *digest) read(v *value, to target) {
	text, ok := v.text("%s SHA-256 as a string", f.what)
	if !ok {
		return
	}
	hash := slot(to, f.into)
	ok = len(text) == 2*len(hash)
	for i := 0; ok && i < len(hash); i++ {
		n, err := strconv.ParseUint(text[2*i:2*i+2], 16, 8)
		hash[i], ok = byte(n), err == nil
	}
	if !ok {
		clear(hash[:])
		v.bad("is not a SHA-256 in hexadecimal; %s", f.remedy)
	}
}

// holders finds secrets with the same id or the same hash. It maps both to the path
// of the first secret that has them. The zero values, which mark unreadable ones,
// map to "".
type holders struct {
	ids, hashes map[string]string
}

func newHolders() holders {
	return holders{ids: map[string]string{"": ""}, hashes: map[string]string{string(make([]byte, 32)): ""}}
}

// check reports that an earlier secret has the same id or hash as the one at path.
// what is the plural of such secrets.
func (h *holders) check(path, id string, hash *[32]byte, what string, out *violations) {
	switch first, known := h.ids[id]; {
	case !known:
		h.ids[id] = path
	case first != "":
		out.add(at(path+".id"), "%q is the id of %s; choose another", id, first)
	}
	switch first, known := h.hashes[string(hash[:])]; {
	case !known:
		h.hashes[string(hash[:])] = path
	case first != "":
		out.add(at(path+".sha256"), "is that of %s; remove one of the %s", first, what)
	}
}
