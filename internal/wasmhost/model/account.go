package model

import (
	"slices"
	"strings"
)

// plainName returns the form in which names of fields are compared: services treat some
// spellings as equal. A path, such as user.email, is an object with a member in JSON.
func plainName(name string, json bool) string {
	name = brackets.Replace(strings.ToLower(name))
	if json {
		return name
	}
	return strings.ReplaceAll(name, ".", "_")
}

var brackets = strings.NewReplacer("[", ".", "]", "")

// accountFields are the values of each wanted field, in the order in which they come.
func accountFields(list []Field, wanted []string, json bool) [][]string {
	values := make([][]string, len(wanted))
	for i, name := range wanted {
		for _, f := range list {
			if plainName(f.Name, json) == plainName(name, json) {
				values[i] = append(values[i], plainAccount(f.Value))
			}
		}
	}
	return values
}

// counting leaves of the wanted fields only the first that is there, unless each counts.
func counting(values [][]string, each bool) (place int, kept [][]string) {
	place = slices.IndexFunc(values, func(of []string) bool { return of != nil })
	switch {
	case place < 0:
		return len(values), nil
	case each:
		return place, values
	}
	return place, values[place : place+1]
}

// inFields are the accounts that body and query name. In a body, a field that is there
// twice makes it unclear, or counts with its last value; in a query, with its first and
// its last.
func (v *visit) inFields(r *Request) (accounts []string, clear bool) {
	each, json, wanted := v.surface.Kind == login, r.isJSON(), v.rule.AccountFields
	form := r.Form
	if !v.readsBody(r) {
		form = nil
	}
	found := accountFields(form, wanted, json)
	twice := slices.ContainsFunc(found, func(of []string) bool { return len(of) > 1 })
	if form != nil && (len(r.formText()) > maxForm || twice && (!json || v.mayHide())) {
		return nil, false
	}
	place, inBody := counting(found, each)
	for _, of := range inBody {
		accounts = append(accounts, of[max(len(of)-1, 0):]...)
	}
	first, inQuery := counting(accountFields(r.Query, wanted, false), each)
	if !each && first > place {
		return accounts, true
	}
	for _, of := range inQuery {
		accounts = append(accounts, of[:min(len(of), 1)]...)
	}
	for _, of := range inQuery {
		accounts = append(accounts, of[max(len(of)-1, 0):]...)
	}
	return accounts, true
}

// followsAccount tells whether something may follow from the account in a body.
func (v *visit) followsAccount() bool {
	l := &v.rule
	keyed := slices.ContainsFunc(l.Keys, func(k Key) bool { return slices.Contains(k.Per, perAccount) })
	return keyed || l.Spraying.Action == slow || l.Stuffing.Action == lock && !v.surface.challenges()
}

// mayHide tells whether the body may be what logs in, so that one that could hide its
// account is refused.
func (v *visit) mayHide() bool {
	return v.followsAccount() && (!v.surface.challenges() || v.rule.CountAnonymous)
}

// readsBody tells whether accounts are looked for in the body. Messages of MCP have none.
func (v *visit) readsBody(r *Request) bool {
	return r.Form != nil && (!r.isJSON() || v.surface.Kind != mcp || v.mayHide())
}

// awaitsForm tells whether a request does not go on before its form was looked at:
// something may follow from the account. The other bodies have no media type, or gRPC's:
// where the body may be what logs in, they are waited for to be refused.
func (v *visit) awaitsForm(r *Request) bool {
	return v.followsAccount() && (v.readsBody(r) || r.Body && v.mayHide())
}

// nameFields takes in the accounts of what goes by. A form that names one twice has none.
func (m *Model) nameFields(v *visit, r *Request) {
	if accounts, clear := v.inFields(r); clear {
		for _, account := range accounts {
			m.nameAccount(v, account, true)
		}
	}
}
