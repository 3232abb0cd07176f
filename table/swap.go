package table

// Swap replaces the value of a key by what change makes of it, whatever other workers
// do at the same time. A key that is not there has no value yet. change is called again
// for each race lost, so it must depend on its argument alone; what it returns must
// not share the argument's memory. Returning false leaves the value as it is. Swap tells
// whether change had its way.
func Swap(store Store, key []byte, change func(value []byte) (changed []byte, ok bool)) bool {
	for try := 0; try < maxTries; try++ {
		value, cas, found := store.Get(key)
		if !found {
			value, cas = nil, createOnly
		}
		changed, ok := change(value)
		if !ok || store.Set(key, changed, cas) {
			return true
		}
	}
	return false
}
