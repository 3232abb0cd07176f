package config

import "strconv"

// endpoint is how the filter addresses another server over HTTP.
type endpoint struct{ scheme, authority, path string }

// endpoint reads the URL of another server. It also accepts http, because within a mesh
// the cluster encrypts the connection.
func (v *value) endpoint(example string) (e endpoint, ok bool) {
	text, ok := v.text("a URL as a string, for example %q", example)
	if !ok {
		return endpoint{}, false
	}
	u, problem := splitURL(text)
	switch {
	case problem != "":
	case u.scheme != "https" && u.scheme != "http":
		problem = "is neither https nor http; write for example " + strconv.Quote(example)
	case u.fragment != "":
		problem = "has a fragment; remove it"
	}
	if problem != "" {
		v.bad("%q %s", text, problem)
		return endpoint{}, false
	}
	e = endpoint{u.scheme, u.host, u.path}
	if u.port != "" {
		e.authority += ":" + u.port
	}
	if e.path == "" {
		e.path = "/"
	}
	e.path += u.query
	return e, true
}

// timeout reads how long a request waits for another server.
func (v *value) timeout(into *int64, example string) {
	v.duration(into, example)
	if *into > MaxTimeout {
		v.bad(`%q is out of range; write "1s" to "%s"`, v.json.Str, formatDuration(MaxTimeout))
	}
}

// secretText reads a secret. It does not repeat an invalid one in its message. variable is the
// key that names a variable of the environment in its place.
func secretText(v *value, variable string) string {
	text, ok := v.text("the secret as a string")
	if ok && !isPlain(text) {
		v.bad("is empty or has a control character; write the secret, or use %s", variable)
	}
	return text
}

// checkOneSecret refuses an object that has both the literal secret and a variable that
// holds it, or neither.
func (v *value) checkOneSecret(literal, variable, example string) {
	remedy := "; write either " + literal + " or " + variable + `, for example "` + variable + `": "` + example + `"`
	switch one, other := v.has(literal), v.has(variable); {
	case one && other:
		v.bad("has two secrets%s", remedy)
	case !one && !other:
		v.bad("has no secret%s", remedy)
	}
}

// readSecret reads a secret that stands in a variable of the environment. path is the key
// that names the variable.
func readSecret(env []string, name, path string, into *string, out *violations) {
	v := variable{name, lookUp(env, name), out}
	if !isPlain(v.text) {
		v.bad("is missing, empty or has a control character; set it to the secret that %s names", path)
		return
	}
	*into = v.text
}
