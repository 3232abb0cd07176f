package config

import "unsafe"

// A form reads the value of a field that needs nothing of its object but the place to
// put the value. Forms have a place in the object that stands for all in the table, and
// put the value into the same place of another one. That makes a row plain data, without
// code of its own.
type form interface {
	read(v *value, to target)
}

// target is the object that is read, and the one that stands for it in the table.
type target struct{ object, like *anyObject }

// slot returns the field of the target's object that stands where into stands in the
// one that is like it.
func slot[T any](to target, into *T) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(to.object), uintptr(unsafe.Pointer(into))-uintptr(unsafe.Pointer(to.like))))
}

// boolean is true or false.
type boolean struct{ into *bool }

func (f *boolean) read(v *value, to target) { v.boolean(slot(to, f.into)) }

// either is one of two words, for false and for true.
type either struct {
	into    *bool
	no, yes string
}

func (f *either) read(v *value, to target) {
	if at := v.word([]string{f.no, f.yes}); at >= 0 {
		*slot(to, f.into) = at > 0
	}
}

// oneOf is one of a few words, which stand at the places of their values.
type oneOf struct {
	into  *uint8
	words []string
}

func (f *oneOf) read(v *value, to target) { choose(v, f.words, slot(to, f.into)) }

// integer is a whole number from low to high.
type integer struct {
	into      *int
	low, high int64
}

func (f *integer) read(v *value, to target) { readInteger(v, slot(to, f.into), f.low, f.high) }

// count is an integer that has no sign.
type count struct {
	into      *uint32
	low, high int64
}

func (f *count) read(v *value, to target) { readInteger(v, slot(to, f.into), f.low, f.high) }

// fraction is a number from 0 to 1.
type fraction struct{ into *float64 }

func (f *fraction) read(v *value, to target) { readFraction(v, slot(to, f.into)) }

// duration is a time in milliseconds.
type duration struct {
	into    *int64
	example string
}

func (f *duration) read(v *value, to target) { v.duration(slot(to, f.into), f.example) }

// timeout is how long a request waits for another server.
type timeout struct {
	into    *int64
	example string
}

func (f *timeout) read(v *value, to target) { v.timeout(slot(to, f.into), f.example) }

// text is a string.
type text struct {
	into *string
	by   func(v *value) string
}

func (f *text) read(v *value, to target) { *slot(to, f.into) = f.by(v) }

// textAs is a string that is read with an example, or with what it is called.
type textAs struct {
	into *string
	by   func(v *value, what string) string
	what string
}

func (f *textAs) read(v *value, to target) { *slot(to, f.into) = f.by(v, f.what) }

// list is a list of strings.
type list struct {
	into *[]string
	by   func(v *value) []string
}

func (f *list) read(v *value, to target) { *slot(to, f.into) = f.by(v) }

// textList is a list of different strings.
type textList struct {
	into *[]string
	// each returns the canonical form of a string, or reports a violation and returns "".
	// It gets what, an example.
	each func(item *value, text, what string) string
	what string
	// empty is the remedy if the list is empty; "" if it may be.
	empty string
}

func (f *textList) read(v *value, to target) {
	if f.empty != "" {
		v.refuseEmpty(f.empty)
	}
	*slot(to, f.into) = v.texts(f.each, f.what)
}
