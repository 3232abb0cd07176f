package config

import "strconv"

// CORS says which origins may read the filter's own replies in a browser. Responses
// of the service keep their own CORS headers.
type CORS struct {
	// Any allows every origin, without credentials. Default: true.
	Any bool
	// Origins may read with credentials, if Any is false. Danger: a page of any other
	// origin sees a network error in place of a 429.
	Origins []string
}

var oneCORS CORS

var corsFields = table[CORS]{&oneCORS, []field[CORS]{
	{key: "origins", read: readOrigins},
}}

func defaultCORS() CORS { return CORS{Any: true} }

func readOrigins(v *value, c *CORS) {
	list := v.texts(originOrAny, "")
	c.Any = indexOf(list, "*") >= 0
	switch {
	case !c.Any:
		c.Origins = list
	case len(list) > 1:
		v.bad(`has "*" beside other origins; keep "*" or the others`)
	}
}

// readOriginList reads a list of origins, which is not nil.
func readOriginList(v *value) []string {
	list := v.texts(origin, "")
	if list == nil {
		return []string{}
	}
	return list
}

func originOrAny(v *value, text, _ string) string {
	if text == "*" {
		return text
	}
	return origin(v, text, "")
}

// origin checks an origin, and returns "" if it is none.
func origin(v *value, text, _ string) string {
	if problem := originProblem(text); problem != "" {
		v.bad("%q %s", text, problem)
		return ""
	}
	return text
}

// originProblem says why a text is not an Origin as browsers send it (RFC 6454
// section 6.2), or returns "". Any other form would match no request.
func originProblem(text string) string {
	const example = `write for example "https://app.example.com"`
	u, problem := splitURL(text)
	switch {
	case text == "null":
		return "is the origin of any sandboxed page; remove it"
	case problem != "":
		return problem
	case u.path != "" || u.query != "" || u.fragment != "":
		return "has more than scheme, host and port; " + example
	case u.scheme == "https" && u.port == "443" || u.scheme == "http" && u.port == "80":
		return "has the port that a browser leaves out; write " + strconv.Quote(u.scheme+"://"+u.host)
	}
	return ""
}
