package fields

import "strings"

// Media is what a body is, as its headers say.
type Media uint8

// The media.
const (
	// Other is what cannot be read: another media type, one that several readings
	// give different ones for, another charset, or none at all.
	Other Media = iota
	FormMedia
	MultipartMedia
	JSONMedia
	// Compressed bodies have a content coding. To read them, all of them would have
	// to be held.
	Compressed
)

// Body says in which way a body has to be read.
type Body struct {
	Media    Media
	Boundary string // of MultipartMedia
}

// BodyOf reads the headers Content-Type and Content-Encoding.
func BodyOf(contentType, contentEncoding string) Body {
	if coding := strings.Trim(contentEncoding, blanks); coding != "" && !strings.EqualFold(coding, "identity") {
		return Body{Media: Compressed}
	}
	// A comma may join two lines: which of them a service takes is not known.
	if strings.IndexByte(contentType, ',') >= 0 {
		return Body{}
	}
	name, rest, _ := strings.Cut(contentType, ";")
	b := Body{Media: mediaOf(strings.Trim(name, blanks))}
	for b.Media != Other && rest != "" {
		var parameter string
		parameter, rest, _ = strings.Cut(rest, ";")
		b.take(strings.Trim(parameter, blanks))
	}
	if b.Media == MultipartMedia && b.Boundary == "" {
		return Body{}
	}
	return b
}

const blanks = " \t"

func mediaOf(name string) Media {
	const application, suffix = "application/", "+json"
	switch n := len(name) - len(suffix); {
	case strings.EqualFold(name, "application/x-www-form-urlencoded"):
		return FormMedia
	case strings.EqualFold(name, "multipart/form-data"):
		return MultipartMedia
	case strings.EqualFold(name, "application/json"), strings.EqualFold(name, "text/json"),
		n > len(application) && strings.EqualFold(name[n:], suffix) && strings.EqualFold(name[:len(application)], application):
		return JSONMedia
	}
	return Other
}

// take takes a parameter. What cannot be read with it is Other.
func (b *Body) take(parameter string) {
	name, value, _ := strings.Cut(parameter, "=")
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	switch {
	case strings.EqualFold(name, "charset"):
		if !isASCIISuperset(value) {
			*b = Body{}
		}
	case b.Media != MultipartMedia:
	case strings.EqualFold(name, "boundary") && b.Boundary == "" && isBoundary(value):
		b.Boundary = value
	default: // such as boundary*0, which some services read
		*b = Body{}
	}
}

// isASCIISuperset tells whether names are the same bytes in a charset as in ASCII. In
// others, such as UTF-16 or IBM037, a service that heeds the parameter reads what no one
// else does.
func isASCIISuperset(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") || strings.EqualFold(charset, "us-ascii") ||
		strings.EqualFold(charset, "iso-8859-1") || strings.EqualFold(charset, "windows-1252")
}

// isBoundary tells whether all services read a boundary in the same way.
// See RFC 2046 section 5.1.1
func isBoundary(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 70
}
