package proxy

// Headers is a list of field lines that grows.
type Headers []Header

// Add appends a field line. It is not inlined: there are many of them, and each would be a
// composite literal and an append.
//
//go:noinline
func (h *Headers) Add(name, value string) { *h = append(*h, Header{Name: name, Value: value}) }

// SameHeader tells whether a service may take a header for the one of the given
// name. Services behind CGI-like interfaces read X_Api_Key as X-Api-Key.
func SameHeader(header, name string) bool {
	if len(header) != len(name) {
		return false
	}
	for i := 0; i < len(name); i++ {
		if header[i] != name[i] && (header[i] != '_' || name[i] != '-') {
			return false
		}
	}
	return true
}

// Status parses the value of :status. It returns 0 if there is none.
func Status(value string) int {
	if len(value) != 3 { // RFC 9110 section 15
		return 0
	}
	status := 0
	for i := 0; i < len(value); i++ {
		digit := value[i] - '0'
		if digit > 9 {
			return 0
		}
		status = 10*status + int(digit)
	}
	return status
}
