package filter

import "github.com/gatewarden/gatewarden/table"

// answers remembers what an authorization server said of a bounded number of
// tokens. All are remembered for about as long, so the oldest makes room for a new
// one. A token is known by its keyed hash of 128 bits: two that have the same one
// cannot be found without the seed, and nothing here tells a token.
type answers struct {
	most   int
	places map[table.Key]int // in list
	list   []answer
	oldest int
}

// answer is whose token it is and how long that may be believed, in milliseconds of
// the time of day.
type answer struct {
	key          table.Key
	since, until int64
	identity     identity
}

func newAnswers(most int) answers { return answers{most: most, places: map[table.Key]int{}} }

// get returns what is known of a token. The clock may have been stepped: what was
// said after now is not believed.
func (a *answers) get(key table.Key, now int64) (id identity, found bool) {
	i, found := a.places[key]
	if !found || now < a.list[i].since || now >= a.list[i].until {
		return identity{}, false
	}
	return a.list[i].identity, true
}

func (a *answers) put(said answer) {
	if i, found := a.places[said.key]; found {
		a.list[i] = said
		return
	}
	if len(a.list) < a.most {
		a.places[said.key] = len(a.list)
		a.list = append(a.list, said)
		return
	}
	delete(a.places, a.list[a.oldest].key)
	a.places[said.key] = a.oldest
	a.list[a.oldest] = said
	a.oldest = (a.oldest + 1) % a.most
}
