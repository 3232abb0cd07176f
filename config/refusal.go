package config

import "strconv"

// CORS says which origins may read the filter's own replies.
type CORS struct {
	// Any means every origin, without credentials.
	Any bool
	// Origins may read with credentials.
	Origins []string
}

var corsFields = []field[CORS]{
	{key: "origins", read: readOrigins},
}

func defaultCORS() CORS { return CORS{Any: true} }

func readOrigins(v value, c *CORS) {
	list := v.texts(func(item value, text string) string {
		if problem := originProblem(text); problem != "" {
			item.bad(quote(text) + " " + problem)
			return ""
		}
		return text
	})
	c.Any = indexOf(list, "*") >= 0
	switch {
	case !c.Any:
		c.Origins = list
	case len(list) > 1:
		v.bad(`has "*" beside other origins; keep "*" or the others`)
	}
}

// originProblem says why a text is not what a browser sends as Origin (RFC
// 6454 section 6.2); any other spelling would match nothing.
func originProblem(text string) string {
	if text == "*" {
		return ""
	}
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
