package config

import "unsafe"

// A table has the fields of a type of object.
type table[T any] struct {
	// like stands for any of these objects in rows, which say by its fields where a
	// value goes. Nothing is ever written to it.
	like *T
	rows []field[T]
}

// A field reads one key of an object into a T.
type field[T any] struct {
	key string
	// required is the remedy if the key is missing; "" if the key is optional.
	required string
	// words are those that a required key may have, in place of a remedy.
	words *[]string
	// as reads the value of a field of some usual form.
	as form
	// read does so for all others, and has the whole object.
	read func(v *value, into *T)
	// object has the fields of the object in the value, and list those of the objects
	// in a list.
	object, list *fields
}

// fields is a table of any type. What is done with fields is code for all types at
// once, because they differ in nothing but in what the readers' pointer points to.
type fields table[anyObject]

type anyObject struct{}

// of returns the fields of a type as those of any type.
func of[T any](t *table[T]) *fields { return (*fields)(unsafe.Pointer(t)) }

// readObject reads fields in the order of the table, so that a field can depend on
// those above it.
func readObject[T any](v *value, t *table[T], into *T) {
	of(t).read(v, (*anyObject)(unsafe.Pointer(into)))
}

// readPart reads an object over its defaults. If v is not an object, into keeps
// its value.
func readPart[T any](v *value, t *table[T], defaults T, into *T) {
	if v.json.IsObject() {
		*into = defaults
	}
	readObject(v, t, into)
}

func (t *fields) read(v *value, into *anyObject) {
	found := v.members(t)
	for i := range found {
		f, member := &t.rows[i], &found[i]
		switch {
		case !member.exists():
			f.checkMissing(member)
		case f.as != nil:
			f.as.read(member, target{into, t.like})
		default:
			f.read(member, into)
		}
	}
}

func (f *field[T]) checkMissing(v *value) {
	switch {
	case f.required != "":
		v.bad("is missing; %s", f.required)
	case f.words != nil:
		v.bad("is missing; write %s", choice(*f.words))
	}
}

// index returns the place of a key in the table; -1 if it is not there.
func (t *fields) index(key string) int {
	for i := range t.rows {
		if t.rows[i].key == key {
			return i
		}
	}
	return -1
}

func (t *fields) keys() []string {
	keys := make([]string, len(t.rows))
	for i := range keys {
		keys[i] = t.rows[i].key
	}
	return keys
}

// paths appends the paths of all keys, and of the keys below them.
func (t *fields) paths(prefix string, list []string) []string {
	for i := range t.rows {
		f := &t.rows[i]
		path := prefix + f.key
		list = append(list, path)
		if f.object != nil {
			list = f.object.paths(path+".", list)
		}
		if f.list != nil {
			list = f.list.paths(path+"[].", list)
		}
	}
	return list
}

// move copies a T without looking into it, which takes less code than an assignment.
func move[T any](into, from *T) { copy(unsafe.Slice(into, 1), unsafe.Slice(from, 1)) }

// makeRoom gives a list a zero T for each item, which it returns.
func makeRoom[T any](list *[]T, items []*value) []*value {
	if *list = nil; len(items) > 0 {
		*list = make([]T, len(items))
	}
	return items
}

// extend appends a zero T to a list, and returns it.
func extend[T any](list *[]T) *T {
	*list = append(*list, make([]T, 1)...)
	return &(*list)[len(*list)-1]
}
