package model

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Field is one of a form.
type Field struct{ Name, Value string }

// Writing is a way to write a form.
type Writing int

// The ways.
const (
	usual      Writing = iota
	percents           // the first letters are encoded
	semicolons         // between the fields
	asJSON
	writings
)

// maxForm is how much of a form is read.
const maxForm = 64 << 10

func (r *Request) isJSON() bool { return r.Writing == asJSON }

func (r *Request) formText() string {
	if r.isJSON() {
		return jsonText(r.Form)
	}
	var parts []string
	for _, f := range r.Form {
		name, value := url.QueryEscape(f.Name), url.QueryEscape(f.Value)
		if r.Writing == percents {
			name = fmt.Sprintf("%%%02x%s", f.Name[0], url.QueryEscape(f.Name[1:]))
		}
		parts = append(parts, name+"="+value)
	}
	if r.Writing == semicolons {
		return strings.Join(parts, ";")
	}
	return strings.Join(parts, "&")
}

// jsonText writes a name with brackets as an object, also where there is one already.
func jsonText(form []Field) string {
	var parts []string
	for _, f := range form {
		part := fmt.Sprintf("%q: %q", f.Name, f.Value)
		if outer, inner, is := strings.Cut(strings.TrimSuffix(f.Name, "]"), "["); is {
			part = fmt.Sprintf("%q: {%q: %q}", outer, inner, f.Value)
		}
		parts = append(parts, part)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// queryText is the query, with its question mark.
func (r *Request) queryText() string {
	var parts []string
	if r.Dress == query {
		parts = []string{"next=/healthz"}
	}
	for _, f := range r.Query {
		parts = append(parts, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	if parts == nil {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

// formBody is the form in pieces.
func (r *Request) formBody() [][]byte {
	text := []byte(r.formText())
	size := r.Piece
	if size == 0 || len(text) > maxForm {
		size = maxForm/2 + 1
	}
	return slices.Collect(slices.Chunk(text, size))
}

// basicAccount is the user of a Basic credential.
func (r *Request) basicAccount() string {
	for _, c := range r.Credentials {
		if c.In == "basic" {
			return plainAccount(c.User)
		}
	}
	return ""
}

// plainAccount disregards what some services disregard.
func plainAccount(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
