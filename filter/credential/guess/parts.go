package guess

// parts reads multipart/form-data without its boundary, which clients draw at random. In
// place of the boundary the hash has a NUL, which is a flaw anywhere else.
type parts struct {
	delimiter []byte // two hyphens and the boundary
	matched   int    // bytes of the delimiter that have come
	within    bool   // a line has begun that is no delimiter
}

func (p *parts) begin(boundary string) {
	p.delimiter = append(append(p.delimiter[:0], "--"...), boundary...)
}

func (p *parts) step(r *Reader, c byte) {
	if !p.within && c == p.delimiter[p.matched] {
		if p.matched++; p.matched == len(p.delimiter) {
			p.matched, p.within = 0, true
			r.put(0)
		}
		return
	}
	p.flush(r)
	r.flaw = r.flaw || c == 0
	p.within = c != '\n'
	r.put(c)
}

// flush puts what did not become a delimiter.
func (p *parts) flush(r *Reader) {
	for _, c := range p.delimiter[:p.matched] {
		r.put(c)
	}
	p.matched = 0
}

// isPlainBoundary tells whether a boundary could not be a part of anything else: a service
// may read the body in another way than its label says.
func isPlainBoundary(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isTokenByte(c) || c == '%' || c == '=' || c == '+' || c == '/' || c == '~' {
			return false
		}
	}
	return len(s) > 0
}
