package credential

import (
	"github.com/gatewarden/gatewarden/filter/caller"
	"github.com/gatewarden/gatewarden/filter/proxy"
	"github.com/gatewarden/gatewarden/filter/request"
)

// View tells what a request presents. It has no part of any secret.
type View struct {
	Present bool
	Places  []Place
	// Clear tells whether there is exactly one credential, in a form that can be read in
	// only one way.
	Clear bool
}

// Place is a place where a credential was found.
type Place struct {
	// Name is the name of the header, cookie or parameter, or the prefix of the
	// WebSocket protocol.
	Name    string
	Carrier caller.Carrier
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
		line := headers[i].Value
		switch value := r.value(&headers[i]); r.carrier(&headers[i]) {
		case caller.InCookie:
			v.Places = r.appendCookiePlaces(v.Places, line)
		case caller.InQuery:
			v.Places = r.appendParamPlaces(v.Places, request.Query(line))
		case caller.InProtocol:
			v.Places = r.appendProtocolPlaces(v.Places, line)
		case caller.InHeader:
			if value != "" {
				v.Places = append(v.Places, r.place(headers[i:i+1], value))
			}
		}
	}
	return v
}

func (r *Reader) appendCookiePlaces(places []Place, field string) []Place {
	for _, name := range r.config.Cookies {
		if value := cookie(field, name); value != "" {
			places = append(places, Place{Name: name, Carrier: caller.InCookie, Length: len(value)})
		}
	}
	return places
}

func (r *Reader) appendParamPlaces(places []Place, query string) []Place {
	for p, rest := r.nextPresented(query); p.name != ""; p, rest = r.nextPresented(rest) {
		places = append(places, Place{Name: p.name, Carrier: caller.InQuery, Length: len(appendDecoded(nil, p.value))})
	}
	return places
}

func (r *Reader) appendProtocolPlaces(places []Place, list string) []Place {
	for p, rest := r.nextProtocol(list); p.token != ""; p, rest = r.nextProtocol(rest) {
		places = append(places, Place{Name: p.prefix, Carrier: caller.InProtocol, Length: len(p.token)})
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
