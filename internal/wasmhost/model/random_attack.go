package model

import "fmt"

// mallory is an account that an honest service knows, whatever a header says.
const mallory = "mallory"

// drawAttack makes a request one of many that belong together and seldom come by
// chance: one client with many credentials, many clients at one account, and one
// that makes its header a good one by its own account and repeats another's there.
func (g *generator) drawAttack(r *Request) {
	*r = Request{Method: "POST", Path: g.favourite, From: addresses[0], Piece: g.IntN(20)}
	account := "ann"
	switch g.IntN(5) {
	case 0: // somebody else behind the same address
		r.Credentials = []Credential{{In: "bearer", Secret: "a"}}
		return
	case 1:
		account = fmt.Sprint("user-", g.IntN(6))
		if g.sometimes(2) {
			r.Credentials = []Credential{{In: "bearer", Secret: account}}
			return
		}
	case 2, 3:
		r.From = one(g, addresses...)
	default:
		r.Credentials = []Credential{{In: "basic", User: "ann", Secret: "1"}}
		account = one(g, mallory, "ann", "ann", "bob")
	}
	if r.Credentials == nil && g.sometimes(2) {
		r.Credentials = []Credential{{In: "basic", User: account, Secret: one(g, "a", "b")}}
	}
	if r.Credentials == nil || !g.sometimes(3) {
		r.Form = []Field{{"username", account}, {"password", "1"}, {"email", account}, {"_token", g.drawToken()}}
	}
}

// attacked are paths of the surfaces that tell attacks.
func (g *generator) attacked() (paths []string) {
	for i := range g.setup.Surfaces {
		s := &g.setup.Surfaces[i]
		if l := &s.Lockout; l.Stuffing.Limit+l.Spraying.Limit+len(l.Keys) > 0 && l.Mode != off {
			paths = append(paths, s.Match[0].Path)
		}
	}
	return paths
}
