package fakehost

// StillData is shared data that allocates nothing for a key it has, for tests that
// count allocations. It takes every value, whatever the number.
type StillData struct {
	values map[string]*[]byte
	cas    uint32
}

// NewStillData returns shared data that is empty.
func NewStillData() *StillData { return &StillData{values: map[string]*[]byte{}} }

// Get returns the value of a key.
func (s *StillData) Get(key []byte) (value []byte, cas uint32, found bool) {
	if kept := s.values[string(key)]; kept != nil {
		return *kept, s.cas, true
	}
	return nil, 0, false
}

// Set keeps a value.
func (s *StillData) Set(key, value []byte, _ uint32) bool {
	kept := s.values[string(key)]
	if kept == nil {
		kept = new([]byte)
		s.values[string(key)] = kept
	}
	*kept = append((*kept)[:0], value...)
	s.cas++
	return true
}
