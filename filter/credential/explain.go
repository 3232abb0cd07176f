package credential

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
)

// View tells what a request presents. It has no part of any secret.
type View struct {
	Present bool
	Places  []Place
	// Clear tells that there is exactly one credential, in a form that can be read in
	// only one way.
	Clear bool
}

// Place is a place where a credential was found.
type Place struct {
	// Name is the name of the header, or of the cookie if Cookie is set.
	Name   string
	Cookie bool
	// Scheme is the word before the credential, and Length the length of the rest in
	// bytes.
	Scheme string
	Length int
}

// Explain tells what a request presents.
func (r *Reader) Explain(headers []proxy.Header) View {
	v := View{Present: r.Presents(headers)}
	_, v.Clear = r.Single(headers)
	for i := range headers {
		if headers[i].Name == cookieHeader {
			v.Places = r.appendCookiePlaces(v.Places, headers[i].Value)
		} else if value := r.value(&headers[i]); value != "" {
			v.Places = append(v.Places, r.place(headers[i:i+1], value))
		}
	}
	return v
}

func (r *Reader) appendCookiePlaces(places []Place, field string) []Place {
	for _, name := range r.config.Cookies {
		if value := cookie(field, name); value != "" {
			places = append(places, Place{Name: name, Cookie: true, Length: len(value)})
		}
	}
	return places
}

// place describes the credential of a header line as if it were the request's only one.
func (r *Reader) place(alone []proxy.Header, whole string) Place {
	c, ok := r.Single(alone)
	if !ok {
		c = caller.Credential{Token: whole}
	}
	return Place{Name: alone[0].Name, Scheme: c.Scheme, Length: len(c.Token)}
}
