package model

import "strings"

// owner is the surface that a request belongs to.
func (s *Setup) owner(r *Request) (found *Surface, ambiguous bool) {
	for _, path := range r.readings() {
		for _, host := range s.hosts(r) {
			of := s.ownerOf(path, host, r)
			if of != nil && found != nil && of != found {
				return nil, true
			}
			if of != nil {
				found = of
			}
		}
	}
	return found, false
}

// readings are the paths that a service may take a request's for.
func (r *Request) readings() []string {
	sent := r.spelled()
	switch r.Dress {
	case encoded: // a letter needs no encoding: it is the same path
		return []string{r.Path}
	case dot, double, parent, semicolon:
		return []string{sent, r.Path}
	}
	return []string{sent}
}

func (s *Setup) ownerOf(path, host string, r *Request) *Surface {
	for _, m := range s.Exempt {
		if m.covers(path) && m.isSurelyAt(r) && (len(m.Methods) == 0 || m.lists(r.Method) && r.Override == "") {
			return nil
		}
	}
	path = strings.TrimRight(strings.ToLower(path), "/")
	for i := range s.Surfaces {
		for _, m := range s.Surfaces[i].Match {
			m.Path = strings.ToLower(m.Path)
			if m.covers(path) && m.isAt(host) && (len(m.Methods) == 0 || m.lists(r.Method) || m.lists(r.Override)) {
				return &s.Surfaces[i]
			}
		}
	}
	return nil
}

func (m Match) covers(path string) bool {
	return path == m.Path || m.Prefix && strings.HasPrefix(path, m.Path+"/")
}

func (m Match) lists(method string) bool {
	for _, listed := range m.Methods {
		if strings.EqualFold(listed, method) || listed == "GET" && strings.EqualFold(method, "HEAD") {
			return true
		}
	}
	return false
}
