package guess

// form reads a form (application/x-www-form-urlencoded) without the values of its tokens.
//
// A service may read as JSON, or as something else, what is labelled as a form. So a value
// is only left out if it could not be a part of anything but itself.
type form struct {
	name  [maxName]byte
	n     int
	where where
	left  int // bytes of a token that were left out
}

type where uint8

const (
	inName where = iota
	inValue
	inToken
)

const (
	maxName  = 32
	maxToken = 1024
)

// isToken tells whether a field is the token by which a framework recognises its own forms
// (CSRF). These tokens are random, and say nothing about the account.
func isToken(name string) bool {
	switch name {
	case "csrfmiddlewaretoken", // Django
		"csrf_token",                 // Flask-WTF
		"_csrf",                      // Spring Security, Express
		"_csrf_token",                // Symfony, Phoenix
		"csrfToken",                  // Auth.js
		"authenticity_token",         // Rails
		"_token",                     // Laravel
		"__RequestVerificationToken": // ASP.NET
		return true
	}
	return false
}

func (f *form) step(r *Reader, c byte) {
	switch {
	case f.where == inName && c != '&' && c != '=' && f.n < maxName:
		f.name[f.n] = c
		f.n++
		return
	case f.where == inToken && c != '&':
		f.left++
		r.flaw = r.flaw || f.left > maxToken || !isTokenByte(c)
		return
	case c == '=' && f.where == inName && isToken(string(f.name[:f.n])):
		f.end(r)
		f.where, f.left = inToken, 0
	default:
		f.end(r)
		f.where = inValue
	}
	if c == '&' {
		f.where = inName
	}
	r.put(c)
}

// end puts a name that has ended.
func (f *form) end(r *Reader) {
	for _, c := range f.name[:f.n] {
		r.put(c)
	}
	f.n = 0
}

// isTokenByte tells whether c is of base64, of its form for URLs, or of percent-encoding.
func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	switch c {
	case '-', '_', '.', '~', '+', '/', '%', '=':
		return true
	}
	return false
}
