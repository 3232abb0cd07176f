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
	writings
)

// maxForm is how much of a form is read.
const maxForm = 64 << 10

func (r *Request) formText() string {
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

// formBody is the form in pieces.
func (r *Request) formBody() [][]byte {
	text := []byte(r.formText())
	size := r.Piece
	if size == 0 || len(text) > maxForm {
		size = maxForm/2 + 1
	}
	return slices.Collect(slices.Chunk(text, size))
}

// formAccount is the account that a form names, "" for none. once is false if
// others might read another one.
func (r *Request) formAccount(wanted []string) (account string, once bool) {
	if len(r.formText()) > maxForm {
		return "", false
	}
	found := map[string]string{}
	for _, f := range r.Form {
		if _, twice := found[f.Name]; twice && slices.Contains(wanted, f.Name) {
			return "", false
		}
		found[f.Name] = f.Value
	}
	for _, name := range wanted {
		if value, is := found[name]; is {
			return plainAccount(value), true
		}
	}
	return "", true
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
